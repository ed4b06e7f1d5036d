import type { ENIConfig } from "../../api/eniconfig.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import { isError } from "../../errors/catalogue.ts"
import { type MaxPods, maxPods } from "../../vpc/max-pods.ts"
import { type Examination, examine } from "../doctor/examination.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import { type RolloverNode, rollover } from "../rollover.ts"
import type { Snapshot } from "../snapshot.ts"
import type { ChangeRequest } from "./change-request.ts"
import { type Preflight, preflight } from "./preflight.ts"
import { type QuotaUse, quotaUses } from "./quota-use.ts"
import { type Risk, risksOf } from "./risks.ts"
import { type Step, stepsOf } from "./steps.ts"
import { layOut, type SubnetLayout } from "./subnet-layout.ts"
import { subnetReference } from "./subnet-reference.ts"
import { type ZoneForecast, zoneForecasts } from "./zone-forecast.ts"
import { type TargetMode, targetMode, type ZoneNeed, zoneNeeds } from "./zone-needs.ts"

/** Everything a change takes, as data: the command line shows it, exporters write it as files, `apply` carries it out. */
export interface ChangePlan {
  readonly request: ChangeRequest
  readonly mode: TargetMode
  readonly needs: readonly ZoneNeed[]
  readonly forecast: readonly ZoneForecast[]
  readonly quotas: readonly QuotaUse[]
  readonly layout: SubnetLayout
  /** A new subnet's id is not known yet: objects name it as `${subnet:ZONE}`. */
  readonly objects: readonly (ENIConfig | SubnetPool)[]
  /** Variables of DaemonSet aws-node in the order to set them; those that are right already are left out. */
  readonly env: readonly EnvChange[]
  readonly maxPods: readonly MaxPodsChange[]
  readonly replace: readonly RolloverNode[]
  readonly steps: readonly Step[]
  readonly risks: readonly Risk[]
  readonly preflight: Preflight
}

export interface EnvChange {
  readonly name: string
  readonly value: string
  readonly before?: string
}

export interface MaxPodsChange {
  readonly type: string
  readonly nodes: number
  /** What the nodes of the type advertise now. */
  readonly now: readonly number[]
  readonly after: number
}

/** What has to be done to make the change, in what order, and what can go wrong. `earlier` snapshots tell the trend. */
export function planChange(
  index: FleetIndex,
  request: ChangeRequest,
  earlier: readonly Snapshot[] = [],
): ChangePlan {
  const examination = examine(index)
  const mode = targetMode(examination, request)
  const needs = zoneNeeds(examination, mode, request)
  const layout = mode.customNetworking
    ? layOut(examination, needs, request)
    : { blocks: [], subnets: [], unplaced: [] }
  const objects = objectsFor(layout, examination, request)
  const plan = {
    request,
    mode,
    needs,
    forecast: zoneForecasts(examination, { mode, needs, layout }, earlier),
    quotas: quotaUses(examination, { layout, objects }),
    layout,
    objects,
    env: envChanges(examination, mode, request),
    maxPods: maxPodsChanges(examination, mode),
  }
  const replace = nodesToReplace(examination, mode)
  const whole = { ...plan, replace }
  return {
    ...whole,
    steps: stepsOf(whole, examination),
    risks: risksOf(whole, examination),
    preflight: preflight(index),
  }
}

/** An ENIConfig named as each zone, or one pool; zones that have one with the right subnet need none. */
function objectsFor({ subnets }: SubnetLayout, examination: Examination, request: ChangeRequest) {
  const { cluster } = examination.index.snapshot
  const securityGroups = [...(request.securityGroups ?? defaultGroups(examination))]
  const references = subnets.map((s) => ({ zone: s.zone, subnet: s.id ?? subnetReference(s.zone) }))
  if (references.length === 0) return []
  if (request.pool !== undefined) {
    const pool: SubnetPool = {
      apiVersion: "berth.dev/v1alpha1",
      kind: "SubnetPool",
      metadata: { name: request.pool },
      spec: {
        subnets: references.map((r) => ({ id: r.subnet })),
        securityGroups: securityGroups.map((id) => ({ id })),
        nodeSelector: {},
        strategy: "MostFree",
      },
    }
    return [pool]
  }
  return references.flatMap(({ zone, subnet }): ENIConfig[] => {
    const before = cluster.eniConfigs.find((c) => c.metadata.name === zone)
    if (before?.spec?.subnet === subnet) return []
    return [
      {
        apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
        kind: "ENIConfig",
        metadata: { name: zone },
        spec: { subnet, securityGroups },
      },
    ]
  })
}

function defaultGroups({ aws, nodes, index }: Examination): readonly string[] {
  const cluster = aws.eks?.clusterSecurityGroup
  if (cluster !== undefined) return [cluster]
  const [first] = nodes.flatMap((node) => index.interfacesOf(node).slice(0, 1))
  return first?.securityGroups ?? []
}

/** Custom networking comes last: a node that is born after it, and before what it needs, never gets ready. */
function envChanges(
  { env, index }: Examination,
  mode: TargetMode,
  request: ChangeRequest,
): EnvChange[] {
  const turnsOn = mode.customNetworking && !index.mode.customNetworking
  const byZone = mode.customNetworking && request.pool === undefined
  const wanted: [string, string | undefined][] = [
    ...Object.entries(request.targets ?? {}),
    [
      "ENABLE_PREFIX_DELEGATION",
      request.prefixDelegation === undefined ? undefined : String(request.prefixDelegation),
    ],
    ["ENI_CONFIG_LABEL_DEF", byZone && turnsOn ? "topology.kubernetes.io/zone" : undefined],
    [
      "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
      request.customNetworking === undefined ? undefined : String(request.customNetworking),
    ],
  ]
  return wanted.flatMap(([name, value]): EnvChange[] => {
    const before = env[name]
    if (value === undefined || value === before) return []
    return [{ name, value, ...(before !== undefined && { before }) }]
  })
}

function maxPodsChanges({ nodes, index }: Examination, mode: TargetMode): MaxPodsChange[] {
  const byType = Map.groupBy(nodes, (node) => index.typeOf(node) ?? "")
  return [...byType].flatMap(([type, members]): MaxPodsChange[] => {
    const after = capacityOf(type, mode)?.recommended
    if (after === undefined) return []
    const now = [...new Set(members.flatMap((node) => node.allocatablePods ?? []))].sort(
      (a, b) => a - b,
    )
    return [{ type, nodes: members.length, now, after }]
  })
}

function capacityOf(type: string, mode: TargetMode): MaxPods | undefined {
  const { customNetworking, prefixDelegation } = mode
  try {
    return maxPods({ type, customNetworking, prefixDelegation })
  } catch (error) {
    if (isError(error, "vpc/instance-type-unknown")) return undefined
    throw error
  }
}

/** Those that must be replaced already, and those whose ENIs or max-pods the change makes wrong. */
function nodesToReplace(examination: Examination, mode: TargetMode): RolloverNode[] {
  const { index } = examination
  const { daemonSet } = index.snapshot.cluster
  const switched = mode.customNetworking !== index.mode.customNetworking && !daemonSet?.berth
  return rollover(index, examination, (node) => {
    const capacity = capacityOf(index.typeOf(node) ?? "", mode)
    const over = capacity !== undefined && (node.allocatablePods ?? 0) > capacity.podAddresses + 2
    return [
      ...(switched ? (["interfaces-elsewhere"] as const) : []),
      ...(over ? (["max-pods"] as const) : []),
    ]
  })
}
