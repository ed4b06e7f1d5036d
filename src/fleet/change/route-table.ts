import type { Examination } from "../doctor/examination.ts"

/** The route table of the zone's nodes, which new subnets of the zone share; else the VPC's main one. */
export function routeTableFor(
  { aws, nodes, index }: Examination,
  zone: string,
): string | undefined {
  const node = nodes.find((n) => index.zoneOf(n) === zone)
  const subnet = node && index.instanceOf(node)?.subnetId
  const own = aws.routeTables.find((t) => subnet !== undefined && t.subnetIds.includes(subnet))
  return own?.id ?? aws.routeTables.find((t) => t.main)?.id
}
