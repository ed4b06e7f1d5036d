import type { Change, Kernel, NetNamespace } from "../../../kernel/kernel.ts"
import { type InterfaceSpec, setUpInterface } from "../interface-setup.ts"
import { wirePod } from "../pod-wiring.ts"
import { setUpPrimary } from "../primary-interface.ts"
import { mainTable, tableOf } from "../tables.ts"
import type { TrafficPolicy } from "../traffic-policy.ts"
import { Host } from "./host.ts"

/**
 * A VPC 10.0.0.0/16 + 100.64.0.0/16 with one node, another machine in it, one outside (partner) that is reached
 * through the VPC as over a transit gateway, and one on the internet. The router drops what a VPC drops: packets whose
 * source is not an address of the ENI they come from. So a source address that is seen also tells the way it took.
 */
export interface Topology extends AsyncDisposable {
  /** Its host is the node. */
  readonly kernel: Kernel
  readonly node: NetNamespace
  readonly nodeHost: Host
  readonly machine: Host
  readonly partner: Host
  readonly internet: Host
  /** Attaches a pod with an address of the ENI (1 or 0, the primary), and starts it. */
  pod(name: string, address: string, eni: 0 | 1): Promise<Host>
}

export const addresses = {
  node: "10.0.0.10",
  machine: "10.0.2.9",
  partner: "192.168.5.9",
  internet: "198.51.100.1",
} as const

const mtu = 9001
const primary = { id: "eni-0", mac: "0a:00:00:00:00:10", mtu, tcpEarlyDemux: true }
const secondary: InterfaceSpec = {
  id: "eni-1",
  mac: "0a:00:00:00:00:11",
  deviceIndex: 1,
  networkCard: 0,
  primaryAddress: "100.64.1.10",
  subnetCIDR: "100.64.1.0/24",
  mtu,
}
const macs = [primary.mac, secondary.mac] as const

/** The original's defaults on this VPC. */
export const policy: TrafficPolicy = {
  vpcCIDRs: ["10.0.0.0/16", "100.64.0.0/16"],
  excludedCIDRs: [],
  externalServiceCIDRs: [],
  externalSNAT: false,
  randomize: "prng",
  nodePort: true,
  connmark: 0x80,
  vethPrefix: "eni",
  primaryLink: "eth0",
  nodeAddress: addresses.node,
}

export async function buildTopology(kernel: Kernel, folder: string): Promise<Topology> {
  const undo = new AsyncDisposableStack()
  try {
    return await build(kernel, folder, undo)
  } catch (error) {
    await undo.disposeAsync()
    throw error
  }
}

async function build(
  machineKernel: Kernel,
  folder: string,
  undo: AsyncDisposableStack,
): Promise<Topology> {
  const create = (name: string) => {
    const path = `${folder}/${name}`
    undo.defer(() => machineKernel.remove(path))
    return undo.use(machineKernel.create(path))
  }
  const start = async (namespace: NetNamespace) => undo.use(await Host.start(namespace))

  const router = create("router")
  const node = create("node")
  router.apply([
    forwarding,
    ...cable("n0", "eth0", node, primary.mac),
    ...cable("n1", "eth1", node, secondary.mac),
  ])
  router.apply(routerEnds)
  node.apply([
    { do: "setLink", name: "eth0", up: true },
    { do: "putAddress", link: "eth0", address: `${addresses.node}/24` },
    { do: "putRoute", route: { to: "0.0.0.0/0", via: "10.0.0.1", table: mainTable } },
    // As some distributions ship it; what Berth needs looser, it must loosen itself.
    { do: "sysctl", key: "net.ipv4.conf.default.rp_filter", value: "1" },
    { do: "sysctl", key: "net.ipv4.conf.all.rp_filter", value: "1" },
  ])
  await router.nft(antiSpoofing)
  const far = (name: "machine" | "partner" | "internet", gateway: string) => {
    const namespace = create(name)
    attachFar(router, namespace, { name, address: addresses[name], gateway })
    return start(namespace)
  }
  const machine = await far("machine", "10.0.2.1")
  const partner = await far("partner", "192.168.5.1")
  const internet = await far("internet", "198.51.100.254")
  const nodeHost = await start(node)

  const kernel: Kernel = { ...machineKernel, host: node }
  setUpPrimary(kernel, primary)
  setUpInterface(kernel, secondary)
  const pod = async (name: string, address: string, eni: 0 | 1) => {
    const namespace = create(name)
    wirePod(kernel, {
      namespace: "default",
      pod: name,
      containerId: `c-${name}`,
      interfaceName: "eth0",
      netns: namespace.path,
      address,
      table: eni === 0 ? mainTable : tableOf(secondary),
      mtu,
      vethPrefix: "eni",
    })
    router.apply(deliver(address, eni))
    await router.nft(`add element ip vpc owned { "n${eni}" . ${address} }`)
    return start(namespace)
  }
  const dispose = () => undo.disposeAsync()
  return { kernel, node, nodeHost, machine, partner, internet, pod, [Symbol.asyncDispose]: dispose }
}

const forwarding: Change = { do: "sysctl", key: "net.ipv4.ip_forward", value: "1" }

const cable = (name: string, far: string, namespace: NetNamespace, mac?: string): Change[] => [
  { do: "addVeth", name, mtu, up: true, peer: { name: far, in: namespace, ...(mac && { mac }) } },
]

const routerEnds: readonly Change[] = [
  { do: "putAddress", link: "n0", address: "10.0.0.1/24" },
  { do: "putAddress", link: "n1", address: "100.64.1.1/24" },
]

/** A VPC delivers by address to the ENI's MAC: no guest is asked by ARP. */
const deliver = (address: string, eni: 0 | 1): Change[] => [
  {
    do: "putRoute",
    route: { to: `${address}/32`, link: `n${eni}`, table: mainTable, scope: "link" },
  },
  { do: "putNeighbour", neighbour: { link: `n${eni}`, address, mac: macs[eni] } },
]

const antiSpoofing = `table ip vpc {
  set owned {
    type ifname . ipv4_addr
    elements = { "n0" . ${addresses.node}, "n1" . ${secondary.primaryAddress} }
  }
  chain check {
    type filter hook prerouting priority -300; policy accept;
    iifname { "n0", "n1" } iifname . ip saddr != @owned drop
  }
}
`

function attachFar(
  router: NetNamespace,
  namespace: NetNamespace,
  far: { readonly name: string; readonly address: string; readonly gateway: string },
): void {
  router.apply([
    ...cable(far.name, "eth0", namespace),
    { do: "putAddress", link: far.name, address: `${far.gateway}/24` },
  ])
  namespace.apply([
    { do: "setLink", name: "eth0", up: true },
    { do: "putAddress", link: "eth0", address: `${far.address}/24` },
    { do: "putRoute", route: { to: "0.0.0.0/0", via: far.gateway, table: mainTable } },
  ])
}
