import { parseAddress, parseCidr } from "../../vpc/cidr.ts"
import { lastVlan } from "./branch-link.ts"

/** Key of the annotation, and of the resource that such pods request. */
export const podENI = "vpc.amazonaws.com/pod-eni"

/** A branch interface as the managed control plane gives it to a pod. */
export interface BranchInterface {
  /** eni-...; empty when it does not say. */
  readonly id: string
  readonly mac: string
  readonly address: string
  readonly vlan: number
  readonly subnetCIDR: string
}

/**
 * Reads the annotation that amazon-vpc-resource-controller-k8s writes: a JSON array, of which the first counts. The
 * original's reader is not particular about the case of keys, and neither is this one. Answers with what is wrong when
 * it cannot be used.
 */
export function parseBranch(text: string): BranchInterface | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return "it is not JSON"
  }
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  if (typeof first !== "object" || first === null) return "it is no array of interfaces"
  const fields = new Map(Object.entries(first).map(([key, v]) => [key.toLowerCase(), v as unknown]))
  const [id, mac, address, subnetCIDR] = ["eniid", "ifaddress", "privateip", "subnetcidr"].map(
    (key) => `${fields.get(key) ?? ""}`,
  ) as [string, string, string, string]
  const vlan = fields.get("vlanid")
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) return `ifAddress "${mac}" is not a MAC`
  if (parseAddress(address) === undefined) return `privateIp "${address}" is not an IPv4 address`
  if (typeof vlan !== "number" || !Number.isInteger(vlan) || vlan < 1 || vlan > lastVlan)
    return `vlanId ${JSON.stringify(vlan)} is none of 1 to ${lastVlan}`
  if (!parseCidr(subnetCIDR)) return `subnetCidr "${subnetCIDR}" is not a CIDR block`
  return { id, mac: mac.toLowerCase(), address, vlan, subnetCIDR }
}
