/** Names of the links in the fabric's namespace. */
export const links = { internet: "internet", onPremises: "on-premises" } as const

/** An interface name has at most 15 bytes (IFNAMSIZ); the end of an ENI's id tells more than its beginning. */
export const farEndOf = (eniId: string): string => `eni-${eniId.replace(/^eni-/, "").slice(-11)}`

/** What the instance's kernel calls it. Never `eni...` or `vlan...`: CNI plugins match those as pods' links. */
export const nearEndOf = (deviceIndex: number): string => `eth${deviceIndex}`
