import { blockOf, formatCidr, parseAddress } from "../../vpc/cidr.ts"
import { bool, choice, custom, integer } from "./variable.ts"

/** Source address translation, routing and links of the node. */
export const trafficVariables = {
  AWS_VPC_K8S_CNI_EXTERNALSNAT: bool(
    false,
    "Traffic of pods leaves the VPC with the pod's address; a NAT gateway translates it.",
  ),
  AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: cidrs(
    "Destinations outside the VPC that see the pod's own address.",
  ),
  AWS_VPC_K8S_CNI_RANDOMIZESNAT: choice(
    "prng",
    ["prng", "hashrandom", "none"],
    "How ports are chosen by source address translation.",
    { onInvalid: "default" },
  ),
  AWS_EXTERNAL_SERVICE_CIDRS: cidrs(
    "Destinations that are always reached through the main routing table.",
  ),
  AWS_VPC_CNI_NODE_PORT_SUPPORT: bool(
    true,
    "Answers to NodePort and LoadBalancer traffic leave by the primary ENI, where it came in.",
  ),
  AWS_VPC_K8S_CNI_CONNMARK: integer(
    0x80,
    { min: 1, max: 0xffff_ffff, hex: true },
    "The connection mark for that; change it when another program uses the same bit.",
    { onInvalid: "default" },
  ),
  AWS_VPC_ENI_MTU: integer(9001, { min: 576, max: 9001 }, "MTU of the node's ENIs."),
  POD_MTU: custom<number | undefined>({
    type: "integer",
    default: "",
    initial: undefined,
    says: "MTU of the pods' interfaces; that of the ENIs when not set.",
    expects: "a whole number, 576 to 9001",
    parse: (text) => (/^\d+$/.test(text) && +text >= 576 && +text <= 9001 ? +text : undefined),
  }),
  AWS_VPC_K8S_CNI_VETHPREFIX: custom<string>({
    type: "string",
    default: "eni",
    initial: "eni",
    says: "First letters of the names of the pods' host links.",
    expects: "1 to 4 letters or digits, and none of eth, lo, vlan",
    parse: (text) =>
      /^[a-zA-Z0-9]{1,4}$/.test(text) && !["eth", "lo", "vlan"].includes(text) ? text : undefined,
  }),
  POD_SECURITY_GROUP_ENFORCING_MODE: choice(
    "strict",
    ["strict", "standard"],
    "Whether traffic of pods with a SecurityGroupPolicy to and from their own node passes their security groups too.",
    { onInvalid: "default" },
  ),
  DISABLE_TCP_EARLY_DEMUX: bool(
    false,
    "Lets kubelet reach pods by TCP where security groups for pods are used.",
  ),
}

function cidrs(says: string) {
  return custom<readonly string[]>({
    type: "CIDR list",
    default: "",
    initial: [],
    says,
    expects: "IPv4 CIDR blocks with commas between, such as 10.1.0.0/16,192.168.0.0/24",
    parse: parseCidrs,
  })
}

/** Bits below the prefix are cleared, as the original does: 10.0.0.5/16 is 10.0.0.0/16. */
function parseCidrs(text: string): string[] | undefined {
  const items = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
  const blocks = items.map((item) => {
    const [address = "", length = ""] = item.split("/")
    const base = parseAddress(address)
    if (base === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined
    return formatCidr(blockOf(base, Number(length)))
  })
  return blocks.every((block) => block !== undefined) ? blocks : undefined
}
