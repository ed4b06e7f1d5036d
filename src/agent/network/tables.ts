/** Numbers of the original's policy routing, kept so that its documentation and tools describe a Berth node too. */

export const mainTable = 254

export const rulePriority = {
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
