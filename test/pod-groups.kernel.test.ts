// Goal: security groups of pods, seen from packets: the VPC of the lab with a node wired as the agent does it.
import assert from "node:assert/strict"
import { test } from "node:test"
import { type InterfaceSpec, setUpInterface } from "../src/agent/network/interface-setup.ts"
import { NodeTraffic } from "../src/agent/network/node-traffic.ts"
import { wirePod } from "../src/agent/network/pod-wiring.ts"
import { setUpPrimary } from "../src/agent/network/primary-interface.ts"
import { isolatedVethPrefix, mainTable, tableOf } from "../src/agent/network/tables.ts"
import { Host } from "../src/agent/network/testing/host.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { netlinkKernel } from "../src/kernel/netlink/netlink-kernel.ts"
import { withNamespaces } from "../src/kernel/testing/namespaces-or-skip.ts"
import { internetAddress } from "../src/lab/fabric/addresses.ts"
import { eni, group, natAddress, subnets } from "../src/lab/fabric/testing/sample-vpc.ts"
import { openStage, type Stage } from "../src/lab/fabric/testing/stage.ts"
import type { FabricRule, VpcView } from "../src/lab/fabric/vpc-view.ts"

const node = "10.0.0.10"
const pods = { web: "100.64.0.21", db: "100.64.0.31", db2: "100.64.0.32", client: "100.64.0.41" }

const from = (source: Partial<FabricRule>): FabricRule => ({
  ...{ egress: false, protocol: "tcp", fromPort: 8080, toPort: 8080 },
  ...source,
})
const zoneB = subnets.find(({ id }) => id === "nodes-b")?.routes ?? []
const onPodSubnet = (id: string, deviceIndex: number, groups: string[], addresses: string[]) =>
  eni(id, "pods-a", `100.64.0.${deviceIndex}0`, { deviceIndex, groups, addresses })

/** Node a with four interfaces, machine b in another zone. `database` is what the database's group admits. */
const view = (
  database: FabricRule[],
  toNodes: FabricRule[] = [from({ groupId: "sg-node" })],
): VpcView => ({
  cidrs: ["10.0.0.0/16", "100.64.0.0/16"],
  subnets: subnets.map((s) => (s.id === "pods-a" ? { ...s, routes: zoneB } : s)),
  groups: [group("sg-node", ...toNodes), group("sg-db", ...database), group("sg-client")],
  interfaces: [
    eni("a-0", "nodes-a", node, { groups: ["sg-node"] }),
    onPodSubnet("a-1", 2, ["sg-node"], [pods.web]),
    onPodSubnet("a-2", 3, ["sg-db"], [pods.db, pods.db2]),
    onPodSubnet("a-3", 4, ["sg-client"], [pods.client]),
    eni("b-0", "nodes-b", "10.0.1.10", { groups: ["sg-client"] }),
  ],
})
/** The NAT gateways' addresses: pods and nodes leave by different ones. */
const exits = { nodes: natAddress.a, pods: natAddress.b }
const fromClients = [from({ groupId: "sg-client" })]

type Hosts = Record<keyof typeof pods | "node" | "machine", Host>

/** Wires node a as the agent does with this POD_SECURITY_GROUP_ENFORCING_MODE. */
async function wire(stage: Stage, undo: AsyncDisposableStack, isolated: boolean): Promise<Hosts> {
  const machine = netlinkKernel()
  const host = stage.node("a")
  const kernel: Kernel = { ...machine, host }
  const { interfaces } = view([])
  // As some distributions ship it; what Berth needs looser, it must loosen itself.
  host.apply([
    { do: "sysctl", key: "net.ipv4.conf.default.rp_filter", value: "1" },
    { do: "sysctl", key: "net.ipv4.conf.all.rp_filter", value: "1" },
  ])
  setUpPrimary(kernel, { id: "eni-a-0", mac: interfaces[0]!.mac, mtu: 9001, tcpEarlyDemux: true })
  const start = async (namespace: typeof host) => undo.use(await Host.start(namespace))
  const hosts: Partial<Hosts> = { node: await start(host), machine: await start(stage.node("b")) }
  for (const own of interfaces.filter((i) => i.id.startsWith("eni-a-") && i.deviceIndex > 0)) {
    const spec: InterfaceSpec = {
      ...{ id: own.id, mac: own.mac, deviceIndex: own.deviceIndex, networkCard: 0 },
      ...{ primaryAddress: own.primaryAddress, subnetCIDR: "100.64.0.0/24", mtu: 9001 },
      isolated: isolated && !own.groups.includes("sg-node"),
    }
    setUpInterface(kernel, spec)
    for (const address of own.addresses) {
      const name = Object.entries(pods).find(([, a]) => a === address)?.[0] as keyof typeof pods
      const netns = `${host.path}-${name}`
      undo.defer(() => machine.remove(netns))
      const namespace = undo.use(machine.create(netns))
      wirePod(kernel, {
        ...{ namespace: "default", pod: name, containerId: name, interfaceName: "eth0", netns },
        ...{ address, table: tableOf(spec), mtu: 9001 },
        vethPrefix: spec.isolated ? isolatedVethPrefix : "eni",
        isolated: spec.isolated ?? false,
      })
      hosts[name] = await start(namespace)
    }
  }
  await new NodeTraffic(kernel).keep({
    ...{ vpcCIDRs: view([]).cidrs, excludedCIDRs: [], externalServiceCIDRs: [] },
    ...{ externalSNAT: false, randomize: "prng", nodePort: true, connmark: 0x80 },
    ...{ vethPrefix: "eni", primaryLink: "eth0", nodeAddress: node },
  })
  assert.equal(host.routes(mainTable).length > 0, true)
  return hosts as Hosts
}

/** Node ports of the database: 30080 with the client's address, 30081 with the node's. */
const kubeProxy = `table ip kube-proxy {
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local tcp dport 30080 dnat to ${pods.db}:8080
    fib daddr type local tcp dport 30081 meta mark set meta mark or 0x4000 dnat to ${pods.db}:8080
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and 0x4000 == 0x4000 masquerade fully-random
  }
}`

const timeoutMs = 500
const answered = (asking: Host, address: string, protocol: "tcp" | "udp" = "tcp") =>
  asking.sees(address, { timeoutMs, protocol }).catch(() => "nothing")
/** The address by which a host on the internet sees the pod. */
const seenOutside = async (stage: Stage, name: keyof typeof pods) => {
  const body = await stage.get(`a-${name}`, pods[name], `http://${internetAddress}/`)
  return (JSON.parse(body ?? "{}") as { sourceAddress?: string }).sourceAddress
}

withNamespaces((folder) => {
  for (const mode of ["strict", "standard"] as const)
    test(`security groups of pods with POD_SECURITY_GROUP_ENFORCING_MODE=${mode}`, async (t) => {
      await using undo = new AsyncDisposableStack()
      const stage = undo.use(await openStage(folder, ["a", "b"]))
      await stage.fabric.sync(view(fromClients))
      const strict = mode === "strict"
      const { web, db, db2, client, node: host, machine } = await wire(stage, undo, strict)
      const sees = (expected: string) => (strict ? "nothing" : expected)

      await t.test(
        "who has an admitted group reaches the pod, from its node or another, and others do not",
        async () => {
          assert.equal(await answered(client, pods.db), pods.client)
          assert.equal(await answered(machine, pods.db), "10.0.1.10")
          await stage.fabric.sync(view([]))
          assert.equal(await answered(machine, pods.db), "nothing")
          assert.equal(await answered(client, pods.db), sees(pods.client))
          await stage.fabric.sync(view(fromClients))
        },
      )

      await t.test("other pods of the node, and the node itself, are others", async () => {
        assert.equal(await answered(web, pods.db), sees(pods.web))
        assert.equal(await answered(host, pods.db), sees(node))
      })

      await t.test(
        "probes of the kubelet come from the node's address, and count as its",
        async () => {
          await stage.fabric.sync(view([...fromClients, from({ cidr: `${node}/32` })]))
          for (let i = 0; i < 3; i++) assert.equal(await answered(host, pods.db), node)
          assert.equal(await host.holds(pods.db, { timeoutMs }), node)
          assert.equal(await host.seesAgain(), node)
          await stage.fabric.sync(view(fromClients))
        },
      )

      await t.test(
        "what the pod may reach on its own node is the node's groups' to say",
        async () => {
          assert.equal(await answered(db, node), sees(pods.db))
          const open = [from({ groupId: "sg-node" }), from({ groupId: "sg-db" })]
          await stage.fabric.sync(view(fromClients, open))
          assert.equal(await answered(db, node), pods.db)
          assert.equal(await db.holds(node, { timeoutMs }), pods.db)
          assert.equal(await db.seesAgain(), pods.db)
          assert.equal(await answered(db, pods.web), pods.db)
          await stage.fabric.sync(view(fromClients))
          assert.equal(await answered(db, pods.web), sees(pods.db))
        },
      )

      await t.test("pods without groups of their own are reached as ever", async () => {
        assert.equal(await answered(host, pods.web), node)
        assert.equal(await answered(web, node), pods.web)
        assert.equal(await answered(web, pods.web), pods.web)
        assert.equal(await answered(db, pods.db), pods.db, "itself")
      })

      await t.test(
        "pods with the same groups share an interface, and reach each other directly",
        async () => {
          assert.equal(await answered(db2, pods.db), pods.db2)
        },
      )

      await t.test(
        "node ports lead to the pod where its groups admit whom it sees: the node, or the client",
        async () => {
          await stage.node("a").nft(kubeProxy)
          const asks = (port: number) =>
            machine.sees(node, { port, timeoutMs }).catch(() => "nothing")
          const toPorts = from({ groupId: "sg-client", fromPort: 30080, toPort: 30081 })
          const admitting = (...who: FabricRule[]) => stage.fabric.sync(view(who, [toPorts]))
          await admitting(from({ cidr: `${node}/32` }))
          assert.equal(await asks(30081), node)
          await admitting()
          assert.equal(await asks(30081), sees(node))
          // With externalTrafficPolicy=Local the client's address would come by an ENI that it does not belong to.
          await admitting(...fromClients)
          assert.equal(await asks(30080), sees("10.0.1.10"))
          await stage.node("a").nft("delete table ip kube-proxy")
          await stage.fabric.sync(view(fromClients))
        },
      )

      await t.test(
        "link-local services of the node, such as a DNS cache, are reached in either mode",
        async () => {
          const cache = "169.254.20.10"
          stage.node("a").apply([{ do: "putAddress", link: "lo", address: `${cache}/32` }])
          assert.equal(await answered(db, cache), pods.db)
          assert.equal(await answered(web, cache, "udp"), pods.web)
        },
      )

      await t.test("outside the VPC the pod is seen as itself, or as its node", async () => {
        assert.equal(await seenOutside(stage, "db"), strict ? exits.pods : exits.nodes)
        assert.equal(await seenOutside(stage, "web"), exits.nodes)
      })
    })
})
