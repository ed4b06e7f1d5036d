import { branchPlacement } from "../../ipam/held.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import type { Assigned } from "../address-book.ts"
import type { CniCall } from "../cni-call.ts"
import { addResult, podGateway } from "../cni-reply.ts"
import { branchTableOf } from "../network/branch-link.ts"
import type { PodAttachment } from "../network/pod-plan.ts"
import { checkPod, unwirePod, type WiredPod, wirePod } from "../network/pod-wiring.ts"
import { vethMacs } from "../network/veth-name.ts"
import { type CallContext, podAttachment } from "./context.ts"

/**
 * Gives the pod an address and wires it, or leaves nothing behind. The record reaches the page cache before the
 * kernel is touched, so an agent that is killed knows what it did; the sync against a power loss overlaps the wiring.
 */
export async function add(call: CniCall, c: CallContext): Promise<string> {
  const { key, pod, netns, version } = call
  const start = performance.now()
  const assigned = await assign(call, c)
  const { attachment, fresh, saved, waitedMs } = assigned
  const assignedAt = performance.now()
  const target = podAttachment(attachment)
  await using undo = new AsyncDisposableStack()
  if (fresh) undo.defer(() => c.book.cancel(key))
  const { hostVeth, hostMac, podMac } = wire(c.kernel, target, assigned)
  if (fresh) undo.defer(() => unwirePod(c.kernel, target))
  const wiredAt = performance.now()
  await saved
  await c.annotation?.set(pod, attachment.held.address)
  undo.move()
  record(c, {
    assign: assignedAt - start - waitedMs,
    wire: wiredAt - assignedAt,
    wiredAt,
    waitedMs,
  })
  const { address, interfaceID } = attachment.held
  c.log.debug("pod attached", { pod, address, interfaceID, container: key.containerID, waitedMs })
  return addResult(version, {
    hostLink: hostVeth,
    hostMac,
    podLink: key.ifName,
    podMac,
    netns,
    mtu: target.mtu,
    address: `${address}/32`,
    gateway: podGateway,
  })
}

/** An address of the node's interfaces, or the pod's own where the control plane gave it a branch interface. */
async function assign({ key, pod, netns }: CniCall, c: CallContext): Promise<Assigned> {
  const branch = await c.branchOf(pod)
  if (branch === undefined) {
    const placement = await c.placementOf(pod)
    const wiring = { ...c.linkFor(placement), netns }
    return c.book.assign({ key, pod, placement, wiring })
  }
  const { id: interfaceID, address, vlan } = branch.interface
  const placement = branchPlacement
  return c.book.hold(
    { key, pod, placement, address, interfaceID },
    { ...c.linkFor(placement), netns, table: branchTableOf(vlan), branch: branch.link },
  )
}

/** A second ADD for the same sandbox must not cut the connections of a pod that runs: it wires only what is broken. */
function wire(kernel: Kernel, target: PodAttachment, { fresh }: Assigned): WiredPod {
  if (fresh) return wirePod(kernel, target)
  const mac = vethMacs(target)
  const left = kernel.host.links().find((link) => link.mac === mac.host)
  if (left && checkPod(kernel, target).length === 0) {
    return { hostVeth: left.name, hostMac: mac.host, podMac: mac.pod }
  }
  // An agent that was killed may have left a link that does not say yet whose it is; its MAC does.
  if (left) kernel.host.apply([{ do: "removeLink", name: left.name }])
  return wirePod(kernel, target)
}

function record(
  { metrics }: CallContext,
  t: { assign: number; wire: number; wiredAt: number; waitedMs: number },
) {
  const stage = metrics.berth_cni_add_stage_seconds
  stage.observe(Math.max(0, t.assign) / 1000, { stage: "assign" })
  stage.observe(t.wire / 1000, { stage: "wire" })
  stage.observe((performance.now() - t.wiredAt) / 1000, { stage: "save" })
  if (t.waitedMs > 0) metrics.berth_cni_add_wait_seconds.observe(t.waitedMs / 1000)
}
