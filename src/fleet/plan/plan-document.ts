import { type ChangePlan, planChange } from "../change/change-plan.ts"
import type { ChangeRequest } from "../change/change-request.ts"
import { routeTableFor } from "../change/route-table.ts"
import { examine } from "../doctor/examination.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { Snapshot } from "../snapshot.ts"

export const planFormat = "berth-plan/1"

/** A plan with what its carrying out needs to know of the place: complete in itself, so that it can be kept and reviewed. */
export interface PlanDocument extends ChangePlan {
  readonly format: typeof planFormat
  /** When the snapshot that was planned on was taken, ISO 8601. */
  readonly takenAt: string
  readonly source: string
  readonly site: Site
}

export interface Site {
  /** "" when AWS was not read. */
  readonly region: string
  readonly cluster?: string
  readonly vpcId?: string
  /** Whether the plugin is Berth's agent. */
  readonly berth: boolean
  /** By zone. */
  readonly routeTables: Readonly<Record<string, string>>
  /** One subnet of nodes by zone. */
  readonly nodeSubnets: Readonly<Record<string, string>>
  /** The vpc-cni add-on, when EKS manages the plugin. */
  readonly addon?: { readonly version: string; readonly configuration?: string }
}

/** Plans a change and adds the site. */
export function planDocument(
  index: FleetIndex,
  request: ChangeRequest,
  earlier: readonly Snapshot[] = [],
): PlanDocument {
  const { snapshot } = index
  return {
    format: planFormat,
    takenAt: snapshot.takenAt,
    source: snapshot.source,
    site: siteOf(index),
    ...planChange(index, request, earlier),
  }
}

function siteOf(index: FleetIndex): Site {
  const { cluster, aws } = index.snapshot
  const examination = examine(index)
  const zones = [...new Set(examination.nodes.map((n) => index.zoneOf(n)))].sort()
  const byZone = (of: (zone: string) => string | undefined) =>
    Object.fromEntries(
      zones.flatMap((zone): [string, string][] => {
        const value = of(zone)
        return value === undefined ? [] : [[zone, value]]
      }),
    )
  const nodeSubnet = (zone: string) =>
    examination.nodes
      .filter((n) => index.zoneOf(n) === zone)
      .flatMap((n) => index.instanceOf(n)?.subnetId ?? [])[0]
  return {
    region: aws?.region ?? "",
    ...(cluster.name !== undefined && { cluster: cluster.name }),
    ...(aws?.vpc !== undefined && { vpcId: aws.vpc.id }),
    berth: cluster.daemonSet?.berth === true,
    routeTables: byZone((zone) => routeTableFor(examination, zone)),
    nodeSubnets: byZone(nodeSubnet),
    ...(aws?.eks?.addon !== undefined && { addon: aws.eks.addon }),
  }
}
