import type { Change, Kernel, Link, Route, Rule } from "../../kernel/kernel.ts"
import { type NamespaceState, namespaceState } from "../../kernel/unmet-changes.ts"
import { vlanOfTable } from "./branch-link.ts"
import type { PodAttachment } from "./pod-plan.ts"
import { isIsolated, podRules } from "./pod-plan.ts"
import { mainTable, rulePriority, tableOfIsolated } from "./tables.ts"
import { ownerOf, vethNames } from "./veth-name.ts"

/** What is on the host for pods that are no more. */
export interface Leftovers {
  readonly links: readonly string[]
  readonly routes: readonly Route[]
  readonly rules: readonly Rule[]
}

/**
 * Compares the host with the attachments that are alive, those being wired or unwired just now among them. Only what
 * is provably nobody's counts: links that carry Berth's mark and an owner that is not alive, and rules of pods for
 * addresses that neither a living pod has nor a link still leads to, such as one of a pod that Amazon VPC CNI wired.
 * Cost: three readings of the kernel's tables, linear in their size.
 */
export function findLeftovers(
  host: Pick<NamespaceState, "links" | "routes" | "rules">,
  alive: readonly PodAttachment[],
): Leftovers {
  const owners = new Set(alive.map(ownerKey))
  const isLeft = (link: Link) => {
    const owner = ownerOf(link.alias)
    return owner !== undefined && !owners.has(ownerKey(owner))
  }
  const links = [...host.links().values()].filter(isLeft).map((link) => link.name)
  const left = new Set(links)
  const reached = new Set([
    ...alive.map((pod) => `${pod.address}/32`),
    ...host
      .routes()
      .filter((route) => isPodRoute(route) && !left.has(route.link ?? ""))
      .map((route) => route.to),
  ])
  const isolatedLinks = new Set(
    alive.filter(isIsolated).flatMap((pod) => vethNames(pod.vethPrefix, pod)),
  )
  const vlans = new Set(alive.flatMap(({ branch }) => branch?.vlan ?? []))
  return {
    links,
    routes: host.routes().filter((route) => isPodRoute(route) && left.has(route.link ?? "")),
    rules: host.rules().filter((rule) => {
      if (rule.priority === rulePriority.fromIsolated)
        return !isolatedLinks.has(rule.incoming ?? "")
      const vlan = vlanOfTable(tableOfIsolated(rule.table))
      if (rule.priority < rulePriority.local && vlan !== undefined) return !vlans.has(vlan)
      const address = podAddressOf(rule)
      return address !== undefined && !reached.has(address)
    }),
  }
}

/** Rules of living pods for a table that is no longer theirs, as after a change of device index. */
export function misleadingRules(
  host: Pick<NamespaceState, "rules">,
  alive: readonly PodAttachment[],
): Rule[] {
  const tables = new Map(
    alive
      .filter((pod) => !isIsolated(pod))
      .map((pod) => [`${pod.address}/32`, podRules(pod, "").at(-1)?.table]),
  )
  return host.rules().filter((rule) => {
    if (rule.priority !== rulePriority.fromPod || rule.from === undefined) return false
    return tables.has(rule.from) && tables.get(rule.from) !== rule.table
  })
}

/** Removes them, the links in another thread. Errors: kernel/refused. */
export async function removeLeftovers(kernel: Kernel, left: Leftovers): Promise<void> {
  kernel.host.apply([
    ...left.rules.map((rule): Change => ({ do: "removeRule", rule })),
    ...left.routes.map((route): Change => ({ do: "removeRoute", route })),
  ])
  await kernel.host.removeLinks(left.links)
}

/** Finds and removes in one go; returns what it was. */
export async function sweepLeftovers(
  kernel: Kernel,
  alive: readonly PodAttachment[],
): Promise<Leftovers> {
  const state = namespaceState(kernel.host)
  const found = findLeftovers(state, alive)
  const left = { ...found, rules: [...found.rules, ...misleadingRules(state, alive)] }
  await removeLeftovers(kernel, left)
  return left
}

const ownerKey = (owner: { readonly containerId: string; readonly interfaceName: string }) =>
  `${owner.containerId} ${owner.interfaceName}`

const isPodRoute = (route: Route): boolean =>
  route.table === mainTable && route.scope === "link" && route.to.endsWith("/32")

/** The address of a rule that wirePod makes, or that Amazon VPC CNI made. */
function podAddressOf(rule: Rule): string | undefined {
  if (rule.mark !== undefined || rule.incoming !== undefined) return undefined
  const isToPod =
    rule.priority === rulePriority.toPod && rule.table === mainTable && rule.from === undefined
  const isFromPod = rule.priority === rulePriority.fromPod && rule.to === undefined
  const address = isToPod ? rule.to : isFromPod ? rule.from : undefined
  return address?.endsWith("/32") ? address : undefined
}
