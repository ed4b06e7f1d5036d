import { fail } from "../errors/catalogue.ts"
import type { ChangeRequest } from "../fleet/change/change-request.ts"
import { quotaNames } from "../fleet/change/quota-use.ts"
import type { FleetIndex } from "../fleet/facts/fleet-index.ts"
import type { QuotaFacts } from "../fleet/snapshot.ts"
import { formatCidr, parseCidr } from "../vpc/cidr.ts"
import { type Call, flag, list, text } from "./command.ts"
import { wholeNumber } from "./whole-number.ts"

const targets = {
  warmIpTarget: "WARM_IP_TARGET",
  minimumIpTarget: "MINIMUM_IP_TARGET",
  warmEniTarget: "WARM_ENI_TARGET",
  warmPrefixTarget: "WARM_PREFIX_TARGET",
} as const

/** The change that the options ask for. Naming where pods shall live asks for custom networking as well. */
export function planRequest(call: Call, index: FleetIndex): ChangeRequest {
  const block = blockOf(call)
  const pool = poolOf(call)
  const groups = groupsOf(call)
  const subnetLength = wholeNumber(call, "subnetLength", { least: 16, most: 28 })
  const places = block ?? pool ?? subnetLength ?? groups
  const morePods = wholeNumber(call, "pods", { least: 0, most: 1_000_000 })
  const nodes = wholeNumber(call, "nodes", { least: 0, most: 100_000 }) ?? 0
  const moreNodes = nodes + (flag(call, "upgradeSurge") ? upgradeSurge(index) : 0)
  const env = targetsOf(call)
  const prefixes = text(call, "prefixDelegation")
  const said = text(call, "customNetworking")
  const silent =
    places === undefined && morePods === undefined && moreNodes === 0 && env === undefined
  // With nothing asked for, the question is what turning it on takes.
  const on =
    said === undefined ? places !== undefined || (silent && prefixes === undefined) : said === "on"
  return {
    ...((said !== undefined || on) && { customNetworking: on }),
    ...(prefixes !== undefined && { prefixDelegation: prefixes === "on" }),
    ...(env !== undefined && { targets: env }),
    ...(block !== undefined && { block }),
    ...(subnetLength !== undefined && { subnetLength }),
    ...(groups !== undefined && { securityGroups: groups }),
    ...(morePods !== undefined && { morePods }),
    ...(moreNodes > 0 && { moreNodes }),
    ...(pool !== undefined && { pool }),
  }
}

/** EKS scales a managed group up by two nodes a zone while it replaces its nodes; others replace one by one. */
export function upgradeSurge(index: FleetIndex): number {
  const { aws } = index.snapshot
  const groups = aws?.nodeGroups ?? []
  if (groups.length === 0) return 1
  const zonesOf = (names: readonly string[]) => {
    const subnets = (aws?.autoScalingGroups ?? [])
      .filter((g) => names.includes(g.name))
      .flatMap((g) => g.subnetIds)
    return new Set(subnets.map((id) => index.subnet(id)?.zone ?? id)).size
  }
  return groups.reduce((sum, g) => sum + 2 * Math.max(1, zonesOf(g.autoScalingGroups)), 0)
}

function blockOf(call: Call): string | undefined {
  const value = text(call, "cidr")
  if (value === undefined) return undefined
  const cidr = parseCidr(value)
  if (cidr === undefined || formatCidr(cidr) !== value || cidr.length < 16 || cidr.length > 28)
    throw bad("--cidr", value, "an IPv4 block from /16 to /28, such as 100.64.0.0/16")
  return value
}

function poolOf(call: Call): string | undefined {
  const value = text(call, "pool")
  if (value !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
    throw bad("--pool", value, "a name of lower-case letters, digits and -")
  return value
}

function groupsOf(call: Call): string[] | undefined {
  const groups = list(call, "securityGroup")
  for (const id of groups)
    if (!/^sg-[0-9a-z-]{1,40}$/.test(id))
      throw bad("--security-group", id, "the id of a security group, such as sg-0123456789abcdef0")
  return groups.length > 0 ? groups : undefined
}

function targetsOf(call: Call): Record<string, string> | undefined {
  const entries = Object.entries(targets).flatMap(([option, name]): [string, string][] => {
    const value = wholeNumber(call, option, { least: 0, most: 10_000 })
    return value === undefined ? [] : [[name, String(value)]]
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

/** `--quota blocksPerVpc=20`, as often as there are quotas. */
export function quotasOf(call: Call): QuotaFacts {
  return Object.fromEntries(
    list(call, "quota").map((value) => {
      const [, name, number] = /^(\w+)=(\d{1,9})$/.exec(value) ?? []
      const known = quotaNames.find((q) => q === name)
      if (known === undefined)
        throw bad("--quota", value, `NAME=NUMBER, of ${quotaNames.join(", ")}`)
      return [known, Number(number)]
    }),
  )
}

const bad = (option: string, value: string, expected: string) =>
  fail("cli/bad-option", { option, value, expected })
