import { hash } from "node:crypto"

/** What identifies one interface of one sandbox. */
export interface Sandbox {
  /** Of the pod's Kubernetes namespace. */
  readonly namespace: string
  readonly pod: string
  readonly containerId: string
  /** CNI_IFNAME: the interface inside, mostly eth0. */
  readonly interfaceName: string
}

const sha1 = (text: string) => hash("sha1", text)

/**
 * Names for the host end, best first. The first is the original's, by which the network policy agent and others look
 * the link up. It belongs to namespace and pod only, so while an older sandbox of a same-named pod still has it, a new
 * one takes the second, which is its own.
 */
export function vethNames(prefix: string, sandbox: Sandbox): readonly [string, string] {
  const { namespace, pod, containerId, interfaceName } = sandbox
  const name = (text: string) => `${prefix}${sha1(text).slice(0, 11)}`
  return [name(`${namespace}.${pod}`), name(`${namespace}.${pod}.${containerId}.${interfaceName}`)]
}

/**
 * MACs of the two ends, the same at every attempt, so that no dump of all links is needed to find a free one. A veth is
 * a segment of its own: only the two ends must differ. Given explicitly, they are also left alone by
 * systemd-udevd, which would otherwise change them after the pod has learned them (MACAddressPolicy=persistent).
 */
export function vethMacs(sandbox: Sandbox): { readonly host: string; readonly pod: string } {
  const hash = sha1(`mac.${sandbox.containerId}.${sandbox.interfaceName}`)
  // 0x02 in the first byte: locally administered, unicast (IEEE 802).
  const common = ["02", ...(hash.slice(0, 8).match(/../g) ?? [])].join(":")
  return { host: `${common}:${hostEnd}`, pod: `${common}:${podEnd}` }
}

const hostEnd = "01"
const podEnd = "02"

/** The MAC of the host end whose peer has `mac`; undefined when Berth did not give that MAC. */
export const partnerMac = (mac: string | undefined): string | undefined =>
  mac?.endsWith(`:${podEnd}`) ? `${mac.slice(0, -podEnd.length)}${hostEnd}` : undefined

const aliasMark = "berth"

/** Says at 3 a.m. whose link it is, and to Berth itself that it is Berth's. */
export const vethAlias = (sandbox: Sandbox): string =>
  [
    aliasMark,
    sandbox.containerId,
    sandbox.interfaceName,
    `${sandbox.namespace}/${sandbox.pod}`.slice(0, 120),
  ].join(" ")

/** Reads what vethAlias wrote; undefined for a link that is not Berth's. */
export function ownerOf(
  alias: string | undefined,
): { readonly containerId: string; readonly interfaceName: string } | undefined {
  const [mark, containerId, interfaceName] = alias?.split(" ") ?? []
  return mark === aliasMark && containerId && interfaceName
    ? { containerId, interfaceName }
    : undefined
}
