import type { FabricGroup, FabricInterface, FabricRule, VpcView } from "../vpc-view.ts"

/** Two nodes in two zones; each has a primary ENI in a node subnet and a secondary one in a pod subnet. */

export const everyone: FabricRule = { egress: true, protocol: "-1", cidr: "0.0.0.0/0" }
export const fromVpc: FabricRule[] = ["10.0.0.0/16", "100.64.0.0/16"].map((cidr) => ({
  egress: false,
  protocol: "-1",
  cidr,
}))

export const group = (id: string, ...ingress: FabricRule[]): FabricGroup => ({
  id,
  rules: [everyone, ...ingress],
})

/** Elastic addresses of the NAT gateways of the two zones. */
export const natAddress = { a: "203.0.113.1", b: "203.0.113.2" } as const

const routes = (zone: "a" | "b"): VpcView["subnets"][number]["routes"] => [
  {
    to: "0.0.0.0/0",
    target: "nat-gateway",
    id: `nat-${zone}`,
    address: natAddress[zone],
    public: true,
  },
  { to: "172.29.0.0/24", target: "on-premises" },
]

export const subnets: VpcView["subnets"] = [
  { id: "nodes-a", cidr: "10.0.0.0/24", routes: routes("a") },
  { id: "nodes-b", cidr: "10.0.1.0/24", routes: routes("b") },
  { id: "pods-a", cidr: "100.64.0.0/24", routes: routes("a") },
  { id: "pods-b", cidr: "100.64.1.0/24", routes: routes("b") },
]

export function eni(
  id: string,
  subnetId: string,
  primaryAddress: string,
  more: Partial<FabricInterface> = {},
): FabricInterface {
  const digits = [...id].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 2 ** 24, 7)
  const hex = digits.toString(16).padStart(6, "0")
  return {
    id: `eni-${id}`,
    mac: `02:aa:bb:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`,
    subnetId,
    instanceId: id.split("-")[0] ?? "",
    deviceIndex: 0,
    primaryAddress,
    addresses: [],
    prefixes: [],
    groups: ["sg-open"],
    sourceDestCheck: true,
    publicAddresses: {},
    ...more,
  }
}

/** Node `a` with pods 100.64.0.21 and 100.64.0.32/28, node `b` with pod 100.64.1.21. */
export const sampleVpc: VpcView = {
  cidrs: ["10.0.0.0/16", "100.64.0.0/16"],
  subnets,
  groups: [group("sg-open", ...fromVpc)],
  interfaces: [
    eni("a-0", "nodes-a", "10.0.0.10"),
    eni("a-1", "pods-a", "100.64.0.20", {
      deviceIndex: 1,
      addresses: ["100.64.0.21"],
      prefixes: ["100.64.0.32/28"],
    }),
    eni("b-0", "nodes-b", "10.0.1.10"),
    eni("b-1", "pods-b", "100.64.1.20", { deviceIndex: 1, addresses: ["100.64.1.21"] }),
    eni("c-0", "nodes-a", "10.0.0.11"),
  ],
}

/** The view with some of one interface's members replaced. */
export const withInterface = (
  view: VpcView,
  id: string,
  change: Partial<FabricInterface>,
): VpcView => ({
  ...view,
  interfaces: view.interfaces.map((i) => (i.id === `eni-${id}` ? { ...i, ...change } : i)),
})
