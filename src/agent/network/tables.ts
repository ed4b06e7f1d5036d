/** Numbers of the original's policy routing, kept so that its documentation and tools describe a Berth node too. */

export const mainTable = 254
/** The host's own addresses; the kernel's. */
export const localTable = 255

export const rulePriority = {
  /** to link-local addresses of the host, such as NodeLocal DNSCache's: before isolated pods are led elsewhere. */
  toLinkLocal: 9,
  /** what comes in by an ENI whose pods are isolated: to them, by the table that leads to them alone. */
  toIsolated: 10,
  /** from an isolated pod's host link: the table of its ENI, also to pods of this node and before any mark. */
  fromIsolated: 11,
  /** from such an address to an isolated pod: by the table that leads to it. */
  fromLinkLocal: 12,
  /** addresses of the host, which the kernel asks for first (0) where no pod is isolated. */
  local: 20,
  /** to the pod's address: main table, whatever other rules say. */
  toPod: 512,
  /** marked packets leave by the primary ENI. */
  mark: 1024,
  /** AWS_EXTERNAL_SERVICE_CIDRS leave by the primary ENI. */
  externalService: 1535,
  /** from the pod's address: the table of its ENI. */
  fromPod: 1536,
  /** from the ENI's own address: its table. */
  fromInterface: 32765,
} as const

/** The table of an ENI that leads to its isolated pods and nowhere else; `table` is the ENI's own. */
export const isolatedTableOf = (table: number): number => firstIsolated + table
export const tableOfIsolated = (table: number): number => table - firstIsolated
const firstIsolated = 20_000

/** First letters of the host links of isolated pods: the original's, which its tools and the traffic rules know. */
export const isolatedVethPrefix = "vlan"

/**
 * The routing table of an ENI. The primary one uses main; others deviceIndex + 1, and from the second network card on
 * 10000 + 100 * card + deviceIndex.
 */
export function tableOf(eni: {
  readonly deviceIndex: number
  readonly networkCard: number
}): number {
  if (eni.networkCard > 0) return 10_000 + 100 * eni.networkCard + eni.deviceIndex
  return eni.deviceIndex === 0 ? mainTable : eni.deviceIndex + 1
}
