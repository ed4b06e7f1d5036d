import { isDeepStrictEqual } from "node:util"
import type { Node } from "../api/core.ts"
import type { NodeNetwork } from "../api/nodenetwork.ts"
import { subnetPools } from "../api/resources.ts"
import type { SubnetPool, SubnetPoolStatus } from "../api/subnetpool.ts"
import type { Clock } from "../clock.ts"
import type { Informer } from "../kube/informer.ts"
import { type Kube, KubeError } from "../kube/kube.ts"
import { nodeOverlaps } from "../placement/pool-overlap.ts"
import type { CloudFacts } from "./cloud-facts.ts"
import type { NodeState } from "./node-state.ts"
import { type PoolNode, poolStatus, subnetsSelected } from "./pool-status.ts"
import type { QuotaBook } from "./quota-book.ts"
import type { SubnetSupplies } from "./subnet-supply.ts"
import type { SubnetSurvey } from "./subnet-survey.ts"

export interface PoolReconcilerOptions {
  kube: Kube
  clock: Clock
  pools: Informer<SubnetPool>
  nodes: Informer<Node>
  nodeNetworks: Informer<NodeNetwork>
  facts: CloudFacts
  supplies: SubnetSupplies
  quotas: QuotaBook
  survey: SubnetSurvey
  states: () => Iterable<NodeState>
  /** Other subnets are selected than before: every node may have another placement. */
  selectionChanged: () => void
}

/** Figures change with every pod; they are written this often at most. */
const figuresGapMs = 5_000
const outrunMs = 500
/** The first node tells the VPC, whose subnets the pool selects from. */
const firstNodeMs = 5_000
/** Tags and blocks select what EC2 has at the time: it is asked so often, at one call for all pools of a VPC. */
const cloudMs = 10_000

/** Keeps SubnetPool.status. Costs a walk over all nodes for each look, and a call for each subnet at each audit. */
export class PoolReconciler {
  readonly #options: PoolReconcilerOptions
  readonly #writtenAt = new Map<string, number>()

  constructor(options: PoolReconcilerOptions) {
    this.#options = options
  }

  async reconcile(name: string): Promise<number | undefined> {
    const { pools, clock, kube } = this.#options
    const read = pools.get(name)
    if (read.state !== "known") {
      this.#writtenAt.delete(name)
      return undefined
    }
    const pool = read.object
    const status = await this.#statusOf(pool)
    if (!status) return firstNodeMs
    const again = followsCloud(pool) ? cloudMs : undefined
    if (isDeepStrictEqual(status, pool.status)) return again
    if (!sameSubnets(status, pool.status)) this.#options.selectionChanged()
    const dueInMs = (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + figuresGapMs
    if (dueInMs > clock.now()) return dueInMs - clock.now()
    try {
      await kube.replace(subnetPools, { ...pool, status }, "status")
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      // Somebody has edited it meanwhile: the watch is about to show that.
      if (error.status === 409) return outrunMs
      if (error.status !== 404) throw error
    }
    this.#writtenAt.set(name, clock.now())
    return again
  }

  async #statusOf(pool: SubnetPool): Promise<SubnetPoolStatus | undefined> {
    const { facts, supplies, survey, states, pools, nodeNetworks, clock } = this.#options
    const known = [...states()]
    const vpcId = known.find((s) => s.vpcId !== "")?.vpcId
    if (vpcId === undefined) return undefined
    const none = { subnets: [], groups: [], allGroups: false }
    // Just short of the interval, so that the look at its end finds them too old.
    const subnetAgeMs = followsCloud(pool) ? cloudMs - 1_000 : Number.POSITIVE_INFINITY
    await facts.ensure({ vpcId, ...none }, subnetAgeMs)
    const subnets = facts.subnetsOf(vpcId)
    if (subnets.state === "found") await survey.ensure(subnetsSelected(pool, subnets.value))
    const nodes = known.map((state): PoolNode => {
      const object = nodeNetworks.get(state.name)
      return { state, demand: object.state === "known" ? object.object.spec.demand : [] }
    })
    return poolStatus({
      ...{ pool, subnets, nodes, now: clock.now() },
      overlaps: nodeOverlaps(pools.list(), keysOf(this.#options.nodes)),
      survey: (id) => survey.of(id),
      trend: (id) => survey.trendOf(id),
      freeIn: (id) => supplies.freeIn(id),
      promisedIn: (id) => supplies.promisedIn(id),
      use:
        pool.spec.quotaPerNamespace === undefined
          ? new Map()
          : this.#options.quotas.useOf(pool.metadata.name),
    })
  }
}

const followsCloud = ({ spec }: SubnetPool) => spec.subnets.some((term) => term.id === undefined)

function sameSubnets(a: SubnetPoolStatus, b: SubnetPoolStatus | undefined): boolean {
  const ids = (status: SubnetPoolStatus | undefined) => status?.subnets.map((s) => s.id).sort()
  return isDeepStrictEqual(ids(a), ids(b))
}

const keysOf = (nodes: Informer<Node>) =>
  nodes.list().map(({ metadata: { name, labels } }) => ({ name, labels }))
