import { isDeepStrictEqual } from "node:util"
import type { ENIConfig, ENIConfigStatus } from "../api/eniconfig.ts"
import { nodePlacement } from "../api/nodenetwork.ts"
import { eniConfigs } from "../api/resources.ts"
import type { Clock } from "../clock.ts"
import type { Informer } from "../kube/informer.ts"
import { type Kube, KubeError } from "../kube/kube.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import { type BoundNode, eniConfigStatus } from "./eniconfig-status.ts"
import type { NodeState } from "./node-state.ts"
import type { SubnetSupplies } from "./subnet-supply.ts"
import { tallyOf } from "./tally.ts"

export interface ENIConfigReconcilerOptions {
  kube: Kube
  clock: Clock
  configs: Informer<ENIConfig>
  facts: CloudFacts
  supplies: SubnetSupplies
  states: () => Iterable<NodeState>
  hasNodes: () => boolean
}

/** The first node tells the VPC, whose subnets are then known by one call. */
const firstNodeMs = 1_000

/** Counts change with every pod; they are written this often at most. */
const countsGapMs = 5_000
/** What a condition says is written soon: only a fight with a former leader is slowed down. */
const verdictGapMs = 250

/** Keeps ENIConfig.status. Costs a walk over all nodes for each look. */
export class ENIConfigReconciler {
  readonly #options: ENIConfigReconcilerOptions
  readonly #writtenAt = new Map<string, number>()

  constructor(options: ENIConfigReconcilerOptions) {
    this.#options = options
  }

  async reconcile(name: string): Promise<number | undefined> {
    const { configs, clock, kube } = this.#options
    const read = configs.get(name)
    if (read.state !== "known") {
      this.#writtenAt.delete(name)
      return undefined
    }
    const config = read.object
    const states = [...this.#options.states()]
    const vpcId = states.find((s) => s.vpcId !== "")?.vpcId
    if (vpcId === undefined && this.#options.hasNodes()) return firstNodeMs
    const status = await this.#statusOf(config, states, vpcId ?? "")
    if (isDeepStrictEqual(status, config.status)) return undefined
    const gapMs = sameVerdict(status, config.status) ? countsGapMs : verdictGapMs
    const dueInMs = (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + gapMs - clock.now()
    if (dueInMs > 0) return dueInMs
    this.#writtenAt.set(name, clock.now())
    await kube.replace(eniConfigs, { ...config, status }, "status").catch((error) => {
      // Edited or deleted meanwhile: that change comes as an event of its own.
      if (!(error instanceof KubeError && (error.status === 409 || error.status === 404)))
        throw error
    })
    return undefined
  }

  async #statusOf(
    config: ENIConfig,
    states: readonly NodeState[],
    vpcId: string,
  ): Promise<ENIConfigStatus> {
    const { facts, supplies, clock } = this.#options
    const { subnet: subnetID = "", securityGroups = [] } = config.spec ?? {}
    const subnets = subnetID === "" ? [] : [subnetID]
    await facts.ensure({ vpcId, subnets, groups: securityGroups, allGroups: false })
    const object = `ENIConfig/${config.metadata.name}`
    return eniConfigStatus({
      config,
      bound: states.flatMap((state) => boundTo(config.metadata.name, state)),
      tally: tallyOf(
        states.flatMap((state) => state.interfaces),
        (iface) => iface.object === object,
      ),
      subnet: facts.subnet(subnetID),
      free: supplies.freeIn(subnetID),
      groups: new Map(securityGroups.map((id) => [id, facts.group(id)])),
      now: clock.now(),
    })
  }
}

function boundTo(name: string, state: NodeState): BoundNode[] {
  const binding = state.written?.binding
  if (binding?.name !== name || binding.source === "SubnetPool") return []
  const placement = state.written?.placements.find((p) => p.placement === nodePlacement)
  return [{ name: state.name, zone: state.zone, vpcId: state.vpcId, placement }]
}

/** True when only counts differ. */
function sameVerdict(a: ENIConfigStatus, b: ENIConfigStatus | undefined): boolean {
  return b !== undefined && isDeepStrictEqual(verdict(a), verdict(b))
}

const verdict = (s: ENIConfigStatus) => s.conditions.map((c) => [c.type, c.status, c.reason])
