// Goal: packets between real namespaces go, and are dropped, as in a VPC; changes take effect on what is running.
import assert from "node:assert/strict"
import { once } from "node:events"
import { describe, test } from "node:test"
import { withNamespaces } from "../../kernel/testing/namespaces-or-skip.ts"
import { connectInNamespace } from "../kubelet/connect-in-namespace.ts"
import { awsAddress, internetAddress, onPremises } from "./addresses.ts"
import {
  everyone,
  fromVpc,
  group,
  natAddress,
  sampleVpc,
  withInterface,
} from "./testing/sample-vpc.ts"
import { openStage, type Stage } from "./testing/stage.ts"
import type { FabricRoute, FabricRule, VpcView } from "./vpc-view.ts"

const internet = `http://${internetAddress}/`
const seen = async (stage: Stage, node: string, source: string, url = internet) =>
  JSON.parse((await stage.get(node, source, url)) ?? "{}") as unknown

/** Node a's subnets get these routes instead. */
const withRoutes = (view: VpcView, ...routes: FabricRoute[]): VpcView => ({
  ...view,
  subnets: view.subnets.map((s) => (s.id.endsWith("-a") ? { ...s, routes } : s)),
})

/** A pod of node b, and how node a's clients may be let in to it. */
const web = "100.64.1.21"
const http = (from: Partial<FabricRule>): FabricRule => ({
  egress: false,
  protocol: "tcp",
  fromPort: 80,
  toPort: 80,
  ...from,
})
const webAndClient = (groups: VpcView["groups"]): VpcView => ({
  ...withInterface(withInterface(sampleVpc, "b-1", { groups: ["sg-web"] }), "a-1", {
    groups: ["sg-client"],
  }),
  groups: [group("sg-open", ...fromVpc), ...groups],
})

withNamespaces((folder) => {
  // At once, because most of their time is waiting for answers that must not come.
  describe("wired fabric", { concurrency: 4 }, () => {
    test("packets travel between subnets, nodes and kinds of addresses", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      await stage.show(sampleVpc)
      const ways = [
        ["a", "10.0.0.10", "10.0.0.11", "same subnet"],
        ["a", "10.0.0.10", "10.0.1.10", "other subnet"],
        ["a", "100.64.0.21", "100.64.1.21", "pod to pod by secondary addresses"],
        ["a", "100.64.0.32", "100.64.1.21", "from an address of a prefix"],
        ["b", "100.64.1.21", "100.64.0.32", "to an address of a prefix"],
        ["a", "10.0.0.10", "100.64.1.21", "node to pod"],
        ["a", "10.0.0.10", awsAddress, "AWS"],
        ["a", "10.0.0.10", "10.0.0.1", "gateway"],
      ] as const
      for (const [node, source, destination, what] of ways)
        assert.ok(await stage.ping(node, source, destination), what)
    })

    test("hosts outside see the NAT gateway of the subnet, or the pod itself through the transit", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      await stage.show(sampleVpc)
      for (const [node, source, zone] of [
        ["a", "100.64.0.21", "a"],
        ["a", "100.64.0.32", "a"],
        ["b", "100.64.1.21", "b"],
        ["b", "10.0.1.10", "b"],
      ] as const)
        assert.deepEqual(await seen(stage, node, source), {
          sourceAddress: natAddress[zone],
          via: `nat-gateway nat-${zone}`,
        })
      assert.deepEqual(await seen(stage, "b", "100.64.1.21", `http://${onPremises.address}/`), {
        sourceAddress: "100.64.1.21",
        via: "transit-gateway",
      })
      assert.ok(await stage.ping("a", "100.64.0.21", internetAddress))
    })

    test("a subnet's route table decides: internet gateway, private NAT gateway, none", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      const elastic = "203.0.113.77"
      const toInternet = { to: "0.0.0.0/0", target: "internet-gateway" } as const
      const view = withInterface(withRoutes(sampleVpc, toInternet), "a-0", {
        publicAddresses: { "10.0.0.10": elastic },
      })
      await stage.show(view)
      assert.deepEqual(await seen(stage, "a", "10.0.0.10"), {
        sourceAddress: elastic,
        via: "internet-gateway",
      })
      // Why the original translates pods to the node's address: only that one has a public address.
      assert.equal(await stage.get("a", "100.64.0.21", internet), undefined)
      assert.equal((await stage.fabric.state()).dropped["no-public-address"], 1)

      const privateNat = { target: "nat-gateway", id: "nat-p", address: "10.0.0.99", public: false }
      await stage.show(withRoutes(sampleVpc, { to: onPremises.cidr, ...privateNat } as FabricRoute))
      assert.deepEqual(await seen(stage, "a", "100.64.0.21", `http://${onPremises.address}/`), {
        sourceAddress: "10.0.0.99",
        via: "nat-gateway nat-p",
      })
      assert.equal(await stage.get("a", "100.64.0.21", internet), undefined, "no route")
    })

    test("an elastic address is reached from the internet, when the security group permits", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      const elastic = "203.0.113.77"
      const view = (ingress: FabricRule[]): VpcView => ({
        ...withInterface(
          withRoutes(sampleVpc, { to: "0.0.0.0/0", target: "internet-gateway" }),
          "a-0",
          { publicAddresses: { "10.0.0.10": elastic } },
        ),
        groups: [group("sg-open", ...ingress)],
      })
      await stage.serve("a", 8080)
      await stage.show(view(fromVpc))
      const ask = () => stage.get("internet", internetAddress, `http://${elastic}:8080/`)
      assert.equal(await ask(), undefined)
      await stage.show(
        view([{ egress: false, protocol: "tcp", fromPort: 8080, toPort: 8080, cidr: "0.0.0.0/0" }]),
      )
      assert.equal(await ask(), internetAddress)
    })

    test("what a VPC drops is dropped and counted: foreign sources and unknown destinations", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      await stage.show(sampleVpc)
      const foreign = "100.64.0.200"
      stage.node("a").apply([
        { do: "putAddress", link: "eth1", address: `${foreign}/32` },
        { do: "putRule", rule: { priority: 1536, from: `${foreign}/32`, table: 101 } },
      ])
      assert.equal(await stage.ping("a", foreign, "100.64.1.21"), false)
      assert.equal((await stage.fabric.state()).dropped["foreign-source"], 1)
      // An address of a-1 that leaves by a-0.
      stage
        .node("a")
        .apply([{ do: "removeRule", rule: { priority: 1536, from: "100.64.0.21/32", table: 101 } }])
      assert.equal(await stage.ping("a", "100.64.0.21", "100.64.1.21"), false)
      const nobody = ["100.64.1.99", "10.0.200.1", "198.51.100.77", "8.8.8.8"]
      const answers = await Promise.all(nobody.map((to) => stage.ping("a", "10.0.0.10", to)))
      assert.deepEqual(answers, [false, false, false, false])

      await stage.show(
        withInterface(
          { ...sampleVpc, groups: [group("sg-open", { ...everyone, egress: false })] },
          "a-1",
          { sourceDestCheck: false },
        ),
      )
      // The packet now passes; its answer still knows no way to an address that nobody owns.
      assert.equal(await stage.ping("a", foreign, "100.64.1.21"), false)
      assert.equal((await stage.fabric.state()).dropped["foreign-source"], 2)
    })

    test("security groups: denied by default, by port, by group, and live", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      await stage.serve("b", 80)
      await stage.serve("b", 81)
      /** Which of pod:80, pod:81, node:80 and the pod's ping reach b's pod. */
      const reaches = async (...groups: VpcView["groups"]) => {
        await stage.show(webAndClient(groups))
        return await Promise.all([
          stage.get("a", "100.64.0.21", `http://${web}:80/`),
          stage.get("a", "100.64.0.21", `http://${web}:81/`),
          stage.get("a", "10.0.0.10", `http://${web}:80/`),
          stage.ping("a", "100.64.0.21", web),
        ])
      }
      const client = group("sg-client")
      const byGroup = group("sg-web", http({ groupId: "sg-client" }))
      const no = undefined
      const pod = "100.64.0.21"
      assert.deepEqual(await reaches(group("sg-web"), client), [no, no, no, false])
      const byCidr = group("sg-web", http({ cidr: "100.64.0.0/24" }))
      assert.deepEqual(await reaches(byCidr, client), [pod, no, no, false])
      assert.deepEqual(await reaches(byGroup, client), [pod, no, no, false])
      const silent = { id: "sg-client", rules: [] }
      assert.deepEqual(await reaches(byGroup, silent), [no, no, no, false])
      const { interfaces } = await stage.fabric.state()
      assert.ok((interfaces.find((i) => i.id === "eni-a-1")?.denied.out ?? 0) > 0)

      const joined = withInterface(webAndClient([byGroup, client]), "a-0", {
        groups: ["sg-open", "sg-client"],
      })
      await stage.show(joined)
      assert.equal(await stage.get("a", "10.0.0.10", `http://${web}:80/`), "10.0.0.10")
    })

    test("security groups are stateful: a connection outlives the rule that let it in", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      await stage.serve("b", 80)
      const client = group("sg-client")
      await stage.show(webAndClient([group("sg-web", http({ cidr: "10.0.0.0/24" })), client]))
      const socket = connectInNamespace(stage.node("a"), { address: web, port: 80 })
      const ask = async () => {
        socket.write("GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        const [answer] = (await once(socket, "data")) as [Buffer]
        return answer.toString()
      }
      assert.match(await ask(), /10\.0\.0\.10/)
      await stage.show(webAndClient([group("sg-web"), client]))
      assert.equal(await stage.get("a", "10.0.0.10", `http://${web}:80/`), undefined)
      assert.match(await ask(), /10\.0\.0\.10/)
      socket.destroy()
    })

    test("addresses move between interfaces, and prefixes come and go, at once", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      await stage.show(sampleVpc)
      const without = withInterface(sampleVpc, "a-1", { addresses: [], prefixes: [] })
      await stage.fabric.sync(without)
      const gone = ["100.64.0.21", "100.64.0.32"].map((to) => stage.ping("b", "100.64.1.21", to))
      assert.deepEqual(await Promise.all(gone), [false, false])
      await stage.show(withInterface(without, "c-0", { addresses: ["100.64.0.21"] }))
      assert.ok(await stage.ping("b", "100.64.1.21", "100.64.0.21"))
      assert.equal(
        stage.fabric.trace({
          source: "100.64.1.21",
          destination: "100.64.0.21",
          protocol: "icmp",
        }).delivered,
        true,
      )
      await stage.show(sampleVpc)
      assert.ok(await stage.ping("b", "100.64.1.21", "100.64.0.32"))
    })

    test("a route may lead to an ENI that forwards, also after its node has come back", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      const behind = "192.168.7.7"
      const route = { to: "192.168.7.0/24", target: "interface", id: "eni-b-0" } as const
      const view = withInterface(withRoutes(sampleVpc, route), "b-0", { sourceDestCheck: false })
      const node = stage.node("b")
      node.apply([{ do: "putAddress", link: "lo", address: `${behind}/32` }])
      await stage.show(view)
      assert.ok(await stage.ping("a", "100.64.0.21", behind))
      node.apply([{ do: "removeLink", name: "eth0" }])
      await stage.show(view)
      assert.ok(await stage.ping("a", "100.64.0.21", behind))
      await stage.show(withInterface(view, "b-0", { sourceDestCheck: true }))
      assert.equal(await stage.ping("a", "100.64.0.21", behind), false)
    })

    test("the primary interface comes configured as by DHCP, others come bare", async () => {
      await using stage = await openStage(folder, ["a"])
      await stage.fabric.sync({
        ...sampleVpc,
        interfaces: sampleVpc.interfaces.filter((eni) => eni.instanceId === "a"),
      })
      const node = stage.node("a")
      assert.deepEqual(
        node.links().map(({ name, up, mtu }) => [name, up, mtu]),
        [
          ["lo", true, 65536],
          ["eth0", true, 9001],
          ["eth1", false, 9001],
        ],
      )
      assert.equal(node.link("eth1")?.mac, sampleVpc.interfaces[1]?.mac)
      assert.deepEqual(node.addresses("eth0"), [{ link: "eth0", address: "10.0.0.10/24" }])
      assert.deepEqual(node.addresses("eth1"), [])
      assert.equal(node.routes(254).find((r) => r.to === "0.0.0.0/0")?.via, "10.0.0.1")
    })

    test("interfaces and nodes that go leave nothing in the fabric", async () => {
      await using stage = await openStage(folder, ["a", "b", "c"])
      const before = [stage.inside.links().length, stage.inside.routes().length]
      await stage.show(sampleVpc)
      await stage.show({
        ...sampleVpc,
        interfaces: sampleVpc.interfaces.filter((i) => i.id !== "eni-a-1"),
      })
      assert.equal(stage.node("a").link("eth1"), undefined)
      await stage.fabric.removeNode("a")
      assert.equal(stage.node("a").link("eth0"), undefined)
      assert.ok(await stage.ping("b", "10.0.1.10", "10.0.0.11"), "the others go on")
      await stage.fabric.addNode({ instanceId: "a", namespace: stage.node("a").path })
      assert.ok(stage.node("a").link("eth0"), "a node may come back")
      await stage.fabric.sync({ cidrs: [], subnets: [], interfaces: [], groups: [] })
      assert.deepEqual([stage.inside.links().length, stage.inside.routes().length], before)
      assert.deepEqual(stage.inside.rules().length, 3)
    })
  })
})
