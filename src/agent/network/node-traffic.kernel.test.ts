// Goal: what packets do, seen from the machines they reach. A router that drops foreign sources, as a VPC does, makes a
// source address that is seen a proof of the ENI it left by.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { test } from "node:test"
import { netlinkKernel } from "../../kernel/netlink/netlink-kernel.ts"
import { withNamespaces } from "../../kernel/testing/namespaces-or-skip.ts"
import { NodeTraffic } from "./node-traffic.ts"
import type { Host } from "./testing/host.ts"
import { addresses, buildTopology, policy, type Topology } from "./testing/vpc-topology.ts"
import type { TrafficPolicy } from "./traffic-policy.ts"

const podA = "100.64.1.20"
const podB = "100.64.1.21"
const podOnPrimary = "10.0.0.20"
const unreachable = { timeoutMs: 400 }

withNamespaces((folder) => {
  test("traffic of pods", async (t) => {
    await using vpc = await buildTopology(netlinkKernel(), folder)
    const [a, b, p] = await Promise.all([
      vpc.pod("a", podA, 1),
      vpc.pod("b", podB, 1),
      vpc.pod("p", podOnPrimary, 0),
    ])
    const traffic = new NodeTraffic(vpc.kernel)
    const keep = (change: Partial<TrafficPolicy> = {}) => traffic.keep({ ...policy, ...change })

    await t.test("inside the VPC pods keep their address, in both directions", async () => {
      await keep()
      for (const protocol of ["tcp", "udp"] as const) {
        assert.equal(await a.sees(addresses.machine, { protocol }), podA)
        assert.equal(await vpc.machine.sees(podA, { protocol }), addresses.machine)
        assert.equal(await p.sees(addresses.machine, { protocol }), podOnPrimary)
        assert.equal(await vpc.machine.sees(podOnPrimary, { protocol }), addresses.machine)
      }
    })

    await t.test("pods of one node reach each other directly, on whichever ENI", async () => {
      assert.equal(await a.sees(podB), podA)
      assert.equal(await a.sees(podOnPrimary), podA)
      assert.equal(await p.sees(podA), podOnPrimary)
      assert.equal(await a.sees(podA), podA)
    })

    await t.test("the node reaches its pods, and pods reach the node", async () => {
      assert.equal(await vpc.nodeHost.sees(podA), addresses.node)
      assert.equal(await vpc.nodeHost.sees(podOnPrimary), addresses.node)
      assert.equal(await a.sees(addresses.node), podA)
      assert.equal(await vpc.nodeHost.sees(addresses.machine), addresses.node)
      assert.equal(await vpc.nodeHost.sees(addresses.internet), addresses.node)
    })

    await t.test("outside the VPC pods appear as the node, by the primary ENI", async () => {
      for (const protocol of ["tcp", "udp"] as const) {
        assert.equal(await a.sees(addresses.internet, { protocol }), addresses.node)
        assert.equal(await a.sees(addresses.partner, { protocol }), addresses.node)
        assert.equal(await p.sees(addresses.internet, { protocol }), addresses.node)
      }
    })

    await t.test(
      "AWS_VPC_K8S_CNI_RANDOMIZESNAT says whether the source port changes as well",
      async () => {
        const kept = async () => {
          const asked = Array.from({ length: 5 }, () => a.keepsPort(addresses.internet))
          return (await Promise.all(asked)).filter(Boolean).length
        }
        await keep({ randomize: "none" })
        assert.equal(await kept(), 5)
        for (const randomize of ["hashrandom", "prng"] as const) {
          await keep({ randomize })
          assert.ok((await kept()) < 5, randomize)
          assert.equal(await a.sees(addresses.internet), addresses.node)
        }
      },
    )

    await t.test(
      "excluded destinations see the pod's own address; all of them, for 0.0.0.0/0",
      async () => {
        await keep({ excludedCIDRs: ["192.168.0.0/16"] })
        assert.equal(await a.sees(addresses.partner), podA)
        assert.equal(await a.sees(addresses.internet), addresses.node)
        await keep({ excludedCIDRs: ["192.168.0.0/16", "0.0.0.0/0"] })
        assert.equal(await a.sees(addresses.internet), podA)
      },
    )

    await t.test(
      "with external SNAT pods leave by their own ENI with their own address",
      async () => {
        await keep({ externalSNAT: true })
        assert.equal(await a.sees(addresses.internet), podA)
        assert.equal(await a.sees(addresses.partner, { protocol: "udp" }), podA)
        assert.equal(await p.sees(addresses.internet), podOnPrimary)
      },
    )

    await t.test("external service CIDRs are reached by the primary ENI", async () => {
      // The pod's address does not belong to that ENI, so the VPC drops it: which shows the way it took.
      await keep({ externalSNAT: true, externalServiceCIDRs: ["198.51.100.0/24"] })
      await assert.rejects(a.sees(addresses.internet, unreachable))
      assert.equal(await a.sees(addresses.partner), podA)
      await keep({ externalServiceCIDRs: ["198.51.100.0/24"] })
      assert.equal(await a.sees(addresses.internet), addresses.node)
    })

    await t.test(
      "AWS_VPC_K8S_CNI_CONNMARK: any bits will do, and the rule of former ones goes",
      async () => {
        await keep({ connmark: 0x100 })
        assert.equal(await a.sees(addresses.internet), addresses.node)
        const marks = vpc.node.rules().flatMap(({ mark }) => mark ?? [])
        assert.deepEqual(marks, [{ value: 0x100, mask: 0x100 }])
        await keep()
        assert.equal(await a.sees(addresses.internet), addresses.node)
      },
    )

    await t.test("the VPC's blocks are followed live", async () => {
      await keep({ vpcCIDRs: [...policy.vpcCIDRs, "192.168.0.0/16"] })
      assert.equal(await a.sees(addresses.partner), podA)
      await keep()
      assert.equal(await a.sees(addresses.partner), addresses.node)
    })

    await t.test("connections outlive every replacement of the rules", async () => {
      await keep()
      assert.equal(await a.holds(addresses.internet), addresses.node)
      assert.equal(await vpc.internet.holds(addresses.node), addresses.internet)
      assert.equal(await vpc.machine.holds(podA), addresses.machine)
      for (const change of [
        { connmark: 0x80, randomize: "none" as const },
        { excludedCIDRs: ["192.168.0.0/16"] },
      ]) {
        await keep(change)
        assert.equal(await a.seesAgain(), addresses.node)
        assert.equal(await vpc.internet.seesAgain(), addresses.internet)
        assert.equal(await vpc.machine.seesAgain(), addresses.machine)
      }
      // Also one that would now be led otherwise: it began with the node's address and keeps it.
      await keep({ excludedCIDRs: ["0.0.0.0/0"] })
      assert.equal(await a.seesAgain(), addresses.node)
      assert.equal(await b.sees(addresses.internet), podB)
      await keep()
    })

    for (const proxy of kubeProxies)
      await t.test(`node ports beside kube-proxy in ${proxy.name} mode`, async (t) => {
        if (!proxy.available()) return t.skip(`${proxy.name} is not installed`)
        proxy.start(vpc)
        try {
          await nodePorts(vpc, a, keep)
        } finally {
          proxy.stop(vpc)
        }
      })

    await t.test("what Amazon VPC CNI left on the node no longer counts", async (t) => {
      if (!hasIptables()) return t.skip("iptables is not installed")
      run(vpc, "iptables-restore", amazonRules)
      run(vpc, "nft -f -", "table ip aws-cni { chain nat-prerouting { }; }")
      await keep({ excludedCIDRs: ["192.168.0.0/16"] })
      assert.equal(await a.sees(addresses.partner), addresses.node)
      const first = new NodeTraffic(vpc.kernel)
      const excluding = { ...policy, excludedCIDRs: ["192.168.0.0/16"] }
      assert.equal((await first.keep(excluding)).tookOver, true)
      assert.equal(await a.sees(addresses.partner), podA)
      assert.equal(await a.sees(addresses.internet), addresses.node)
      assert.equal(await vpc.node.nftTable("ip", "aws-cni"), undefined)
      assert.doesNotMatch(JSON.stringify(await vpc.node.nftTable("ip", "nat")), /AWS/)
      assert.equal((await new NodeTraffic(vpc.kernel).keep(excluding)).tookOver, false)
    })

    await t.test("what something else flushes is put back", async () => {
      await keep()
      assert.deepEqual(await keep(), { rules: [], nft: "unchanged", tookOver: false })
      vpc.node.apply([
        {
          do: "removeRule",
          rule: { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 },
        },
      ])
      await vpc.node.nft("flush ruleset")
      const repair = await keep()
      assert.deepEqual([repair.rules.length, repair.nft], [1, "restored"])
      assert.equal(await a.sees(addresses.internet), addresses.node)
      await vpc.node.nft("flush chain ip berth from-pod")
      assert.equal((await keep()).nft, "restored")
      assert.equal(await b.sees(addresses.internet), addresses.node)
    })
  })
})

/**
 * Node port 30080 leads to pod a; 30081 too, masqueraded; cluster address 10.100.0.1 leads to the internet
 * host, 10.100.0.2 to pod a.
 */
async function nodePorts(
  vpc: Topology,
  a: Host,
  keep: (p?: Partial<TrafficPolicy>) => Promise<unknown>,
) {
  const { internet, machine, nodeHost } = vpc
  for (const externalSNAT of [false, true]) {
    await keep({ externalSNAT })
    for (const from of [internet, machine]) {
      const source = from === internet ? addresses.internet : addresses.machine
      assert.equal(await from.sees(addresses.node, { port: 30080 }), source)
      assert.equal(await from.sees(addresses.node, { port: 30081 }), addresses.node)
    }
    assert.equal(await nodeHost.sees(podA), addresses.node)
    // A service that leads a pod back to itself: kube-proxy hides the pod's address from it, or it would answer itself.
    assert.equal(await a.sees("10.100.0.2", { port: 80 }), addresses.node)
    // A service whose endpoint is outside the VPC: what counts is where the packet goes after kube-proxy.
    assert.equal(await a.sees("10.100.0.1", { port: 80 }), externalSNAT ? podA : addresses.node)
  }
  // Without node port support the answer follows the pod's own route, and the VPC drops it.
  await keep({ nodePort: false, externalSNAT: true })
  await assert.rejects(internet.sees(addresses.node, { port: 30080, ...unreachable }))
  await keep()
}

const hasIptables = () => spawnSync("iptables", ["--version"]).status === 0

/** What the original writes for this VPC, with its comments. */
const amazonRules = `*nat
:AWS-SNAT-CHAIN-0 - [0:0]
:AWS-CONNMARK-CHAIN-0 - [0:0]
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source ${addresses.node} --random-fully
-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -d 100.64.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --mask 0x80
COMMIT
*mangle
-A PREROUTING -m comment --comment "AWS, primary ENI" -i eth0 -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-mark 0x80/0x80
-A PREROUTING -m comment --comment "AWS, primary ENI" -i eni+ -j CONNMARK --restore-mark --mask 0x80
COMMIT
`

interface KubeProxy {
  readonly name: string
  available(): boolean
  start(vpc: Topology): void
  stop(vpc: Topology): void
}

const run = (vpc: Topology, command: string, input = "") => {
  const done = vpc.node.enter(() => spawnSync("sh", ["-c", command], { input, encoding: "utf8" }))
  assert.equal(done.status, 0, done.stderr)
}

/** The hooks, priorities and marks that kube-proxy uses, without its chains per service. */
const kubeProxies: readonly KubeProxy[] = [
  {
    name: "nftables",
    available: () => true,
    start: (vpc) =>
      run(
        vpc,
        "nft -f -",
        `table ip kube-proxy {
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local tcp dport 30080 dnat to ${podA}:8080
    fib daddr type local tcp dport 30081 meta mark set meta mark or 0x4000 dnat to ${podA}:8080
    ip daddr 10.100.0.1 tcp dport 80 dnat to ${addresses.internet}:8080
    ip saddr ${podA} ip daddr 10.100.0.2 tcp dport 80 meta mark set meta mark or 0x4000 dnat to ${podA}:8080
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and 0x4000 == 0x4000 masquerade fully-random
  }
}`,
      ),
    stop: (vpc) => run(vpc, "nft delete table ip kube-proxy"),
  },
  {
    name: "iptables",
    available: hasIptables,
    start: (vpc) =>
      run(
        vpc,
        "iptables-restore",
        `*nat
-A PREROUTING -p tcp -m addrtype --dst-type LOCAL --dport 30080 -j DNAT --to-destination ${podA}:8080
-A PREROUTING -p tcp -m addrtype --dst-type LOCAL --dport 30081 -j MARK --or-mark 0x4000
-A PREROUTING -p tcp -m addrtype --dst-type LOCAL --dport 30081 -j DNAT --to-destination ${podA}:8080
-A PREROUTING -p tcp -d 10.100.0.1 --dport 80 -j DNAT --to-destination ${addresses.internet}:8080
-A PREROUTING -p tcp -s ${podA} -d 10.100.0.2 --dport 80 -j MARK --or-mark 0x4000
-A PREROUTING -p tcp -d 10.100.0.2 --dport 80 -j DNAT --to-destination ${podA}:8080
-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE --random-fully
COMMIT
`,
      ),
    stop: (vpc) => run(vpc, "iptables -t nat -F"),
  },
]
