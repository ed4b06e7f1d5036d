import { fail } from "../../errors/catalogue.ts"
import { describeChange } from "../../kernel/change-text.ts"
import type { Change, Kernel, Link, NetNamespace } from "../../kernel/kernel.ts"
import { refusalOf } from "../../kernel/refusal.ts"
import { applyEach, undoOf } from "../../kernel/undo-changes.ts"
import { type NamespaceState, namespaceState, unmetChanges } from "../../kernel/unmet-changes.ts"
import { branchLinkName, branchTableOf } from "./branch-link.ts"
import { isolatedRules, localBehindIsolated } from "./eni-routing.ts"
import { type PodAttachment, planPod, podRules } from "./pod-plan.ts"
import { ownerOf, partnerMac, vethMacs, vethNames } from "./veth-name.ts"

/** What the CNI result tells of both ends. */
export interface WiredPod {
  readonly hostVeth: string
  readonly hostMac: string
  readonly podMac: string
}

/**
 * Attaches a pod: all of it, or nothing. What an earlier attempt for the same sandbox left is replaced. Takes about a
 * millisecond, nearly all of it in the kernel.
 * Errors: kernel/namespace-gone, kernel/refused.
 */
export function wirePod(kernel: Kernel, attachment: PodAttachment): WiredPod {
  using pod = kernel.open(attachment.netns)
  if (!pod) throw fail("kernel/namespace-gone", { path: attachment.netns })
  const mac = vethMacs(attachment)
  const hostVeth = attach(kernel.host, pod, attachment)
  return { hostVeth, hostMac: mac.host, podMac: mac.pod }
}

/** Looks for what is in the way only when something is: it rarely is, and the kernel says so. Returns the host end. */
function attach(host: NetNamespace, pod: NetNamespace, attachment: PodAttachment): string {
  const [usual] = vethNames(attachment.vethPrefix, attachment)
  try {
    join(host, pod, attachment, usual)
    return usual
  } catch (error) {
    if (refusalOf(error) !== "EEXIST") throw error
  }
  const shut = shutPartner(host, pod.link(attachment.interfaceName))
  if (shut) host.apply([{ do: "removeLink", name: shut.name }])
  const free = freeName(host, attachment)
  join(host, pod, attachment, free)
  return free
}

function join(
  host: NetNamespace,
  pod: NetNamespace,
  attachment: PodAttachment,
  hostVeth: string,
): void {
  if (attachment.isolated) forgetName(host, hostVeth)
  // The VLAN may still have the link of a pod that had it before.
  if (attachment.branch) host.apply(branchRemoval(attachment))
  if (attachment.branch && attachment.isolated) host.apply(localBehindIsolated)
  const plan = planPod(attachment, hostVeth, pod)
  host.apply([plan.veth])
  try {
    host.apply(plan.host)
    pod.apply(plan.pod)
  } catch (error) {
    // What cannot be taken back now is taken back by the DEL that follows every failed ADD.
    applyEach(host, undoOf([plan.veth, ...plan.host]))
    throw error
  }
}

/** The host end, shut by unwirePod, of a link that still has the wanted name in a namespace that is used again. */
function shutPartner(host: NetNamespace, link: Link | undefined): Link | undefined {
  return host.links().find((l) => ownerOf(l.alias) && !l.up && l.mac === partnerMac(link?.mac))
}

/**
 * Detaches a pod; what is gone already is fine. The host end is shut, not deleted: deleting takes the kernel 20 ms,
 * with the lock held that every other attachment needs, and the runtime's removal of the namespace does it anyway.
 * What a namespace that stays keeps in this way is found by leftovers().
 */
export function unwirePod(kernel: Kernel, attachment: PodAttachment): void {
  const veth = ownVeth(kernel.host, attachment)
  const failure = applyEach(kernel.host, [
    // By name even when the link is gone: a rule on its name would lead whoever gets that name next.
    ...podRules(attachment, veth ?? vethNames(attachment.vethPrefix, attachment)[0]).map(
      (rule): Change => ({ do: "removeRule", rule }),
    ),
    ...(ownsBranch(kernel.host, attachment) ? branchRemoval(attachment) : []),
    ...(veth === undefined ? [] : [{ do: "setLink", name: veth, up: false } as const]),
  ])
  if (failure) throw failure
}

/** False when the VLAN is another pod's by now: the control plane gives it on once the former pod's object is gone. */
function ownsBranch(host: NetNamespace, { branch, containerId }: PodAttachment): boolean {
  const owner = branch && ownerOf(host.link(branchLinkName(branch.vlan))?.alias)
  return owner === undefined || owner.containerId === containerId
}

/** Its routes go with the link, its rules do not. */
function branchRemoval({ branch, isolated }: PodAttachment): Change[] {
  if (!branch) return []
  const name = branchLinkName(branch.vlan)
  const rules = isolated ? isolatedRules(name, branchTableOf(branch.vlan)) : []
  return [...rules.map((rule): Change => ({ do: "removeRule", rule })), { do: "removeLink", name }]
}

/** Says what is missing of a pod's attachment, for humans; empty when all is there. */
export function checkPod(
  kernel: Kernel,
  attachment: PodAttachment,
  host: NamespaceState = namespaceState(kernel.host),
): string[] {
  using pod = kernel.open(attachment.netns)
  if (!pod) return [`network namespace ${attachment.netns} is gone`]
  const hostVeth = ownVeth(kernel.host, attachment)
  if (hostVeth === undefined) return [`the host end of ${attachment.interfaceName} is gone`]
  const plan = planPod(attachment, hostVeth, pod)
  const says = (where: string) => (change: Change) => {
    const { operation, object } = describeChange(change)
    return `${where}: ${operation} ${object} is not in effect`
  }
  return [
    ...unmetChanges(host, [plan.veth, ...plan.host]).map(says("host")),
    ...unmetChanges(namespaceState(pod), plan.pod).map(says("pod")),
  ]
}

/**
 * Puts back what something else removed of a wired pod (rules, routes, addresses, neighbour), and returns what that
 * was. A missing veth cannot be put back under a running pod.
 */
export function repairPod(
  kernel: Kernel,
  attachment: PodAttachment,
  host: NamespaceState = namespaceState(kernel.host),
): Change[] {
  using pod = kernel.open(attachment.netns)
  const hostVeth = ownVeth(kernel.host, attachment)
  if (!pod || hostVeth === undefined) return []
  const plan = planPod(attachment, hostVeth, pod)
  const onHost = unmetChanges(host, plan.host)
  const inPod = unmetChanges(namespaceState(pod), plan.pod)
  kernel.host.apply(onHost)
  pod.apply(inPod)
  return [...onHost, ...inPod]
}

/** The host end of this sandbox, told from that of another sandbox of a same-named pod by its owner. */
function ownVeth(host: NetNamespace, attachment: PodAttachment): string | undefined {
  return vethNames(attachment.vethPrefix, attachment).find((name) => {
    const owner = ownerOf(host.link(name)?.alias)
    return (
      owner?.containerId === attachment.containerId &&
      owner.interfaceName === attachment.interfaceName
    )
  })
}

/** A rule names a link, also one that is gone: one of a former pod would mislead the packets of this one. */
function forgetName(host: NetNamespace, hostVeth: string): void {
  const stale = host.rules().filter((rule) => rule.incoming === hostVeth)
  host.apply(stale.map((rule): Change => ({ do: "removeRule", rule })))
}

function freeName(host: NetNamespace, attachment: PodAttachment): string {
  const left = ownVeth(host, attachment)
  if (left !== undefined) host.apply([{ do: "removeLink", name: left }])
  const [usual, own] = vethNames(attachment.vethPrefix, attachment)
  return host.link(usual) ? own : usual
}
