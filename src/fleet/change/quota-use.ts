import type { ENIConfig } from "../../api/eniconfig.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import type { Examination } from "../doctor/examination.ts"
import type { QuotaFacts } from "../snapshot.ts"
import type { SubnetLayout } from "./subnet-layout.ts"

/** A service quota that the plan counts on. */
export interface QuotaUse {
  readonly quota: keyof QuotaFacts
  /** As Service Quotas shows it. */
  readonly title: string
  /** Code in Service Quotas. */
  readonly code: string
  readonly used: number
  readonly after: number
  readonly limit: number
  /** AWS's default is assumed: what this account has was not told. */
  readonly assumed: boolean
}

/** Defaults of "Amazon VPC quotas" in the VPC user guide. */
const quotas = {
  blocksPerVpc: { title: "IPv4 CIDR blocks per VPC", code: "L-83CA0A9D", limit: 5 },
  subnetsPerVpc: { title: "Subnets per VPC", code: "L-407747CB", limit: 200 },
  groupsPerInterface: {
    title: "Security groups per network interface",
    code: "L-2AFB9258",
    limit: 5,
  },
  interfacesPerRegion: { title: "Network interfaces per Region", code: "L-DF5E4CA3", limit: 5_000 },
} as const satisfies Readonly<
  Record<keyof QuotaFacts, { title: string; code: string; limit: number }>
>

export const quotaNames = Object.keys(quotas) as (keyof QuotaFacts)[]

/** The quotas that the change comes near: how much of each is used, and will be. */
export function quotaUses(
  { aws }: Examination,
  { layout, objects }: { layout: SubnetLayout; objects: readonly (ENIConfig | SubnetPool)[] },
): QuotaUse[] {
  const blocks = (aws.vpc?.cidrs ?? []).filter((c) => c.state !== "disassociated").length
  const groups = objects.map((o) => o.spec?.securityGroups?.length ?? 0)
  const used: Record<keyof QuotaFacts, readonly [used: number, more: number]> = {
    blocksPerVpc: [blocks, layout.blocks.filter((b) => b.create).length],
    subnetsPerVpc: [aws.subnets.length, layout.subnets.filter((s) => s.id === undefined).length],
    groupsPerInterface: [0, Math.max(0, ...groups)],
    interfacesPerRegion: [aws.interfaces.length, 0],
  }
  return quotaNames.map((quota) => {
    const { title, code, limit } = quotas[quota]
    const told = aws.quotas?.[quota]
    const [now, more] = used[quota]
    return {
      ...{ quota, title, code, used: now, after: now + more },
      ...{ limit: told ?? limit, assumed: told === undefined },
    }
  })
}
