// Goal: every reason why a VPC drops a packet, and every way it leaves by, is told apart.
import assert from "node:assert/strict"
import { test } from "node:test"
import { awsAddress, internetAddress, onPremises } from "./addresses.ts"
import { everyone, group, natAddress, sampleVpc, withInterface } from "./testing/sample-vpc.ts"
import { type Flow, traceFlow } from "./trace-flow.ts"
import type { VpcView } from "./vpc-view.ts"

const podA = "100.64.0.21"
const podB = "100.64.1.21"
const elastic = "203.0.113.77"

const publicVpc: VpcView = {
  ...withInterface(sampleVpc, "a-0", { publicAddresses: { "10.0.0.10": elastic } }),
  subnets: sampleVpc.subnets.map((s) => ({
    ...s,
    routes: [{ to: "0.0.0.0/0", target: "internet-gateway" }],
  })),
}
/** Subnet pods-a routes an outer network to an ENI of node b. */
const forwarded = (sourceDestCheck: boolean): VpcView => ({
  ...withInterface(sampleVpc, "b-0", { sourceDestCheck }),
  subnets: sampleVpc.subnets.map((s) => ({
    ...s,
    routes: [...s.routes, { to: "192.168.7.0/24", target: "interface", id: "eni-b-0" } as const],
  })),
})
const closed = { ...sampleVpc, groups: [group("sg-open")] }
const mute = { ...sampleVpc, groups: [{ id: "sg-open", rules: [] }] }

interface Case {
  readonly name: string
  readonly view?: VpcView
  readonly flow: Pick<Flow, "source" | "destination"> & Partial<Flow>
  /** Who receives it, as coming from whom; or why it is dropped. */
  readonly gives: string
}

const cases: readonly Case[] = [
  { name: "pod to pod", flow: { source: podA, destination: podB }, gives: `eni-b-1 from ${podA}` },
  {
    name: "pod to the internet",
    flow: { source: podA, destination: internetAddress },
    gives: `internet from ${natAddress.a}`,
  },
  {
    name: "pod to the network on premises",
    flow: { source: podB, destination: onPremises.address },
    gives: `on-premises from ${podB}`,
  },
  {
    name: "pod to AWS",
    flow: { source: podA, destination: awsAddress },
    gives: `aws from ${podA}`,
  },
  {
    name: "primary interface to AWS, whatever its groups say",
    view: mute,
    flow: { source: "10.0.0.10", destination: awsAddress },
    gives: "aws from 10.0.0.10",
  },
  {
    name: "no egress rule",
    view: mute,
    flow: { source: podA, destination: awsAddress },
    gives: "denied-out",
  },
  {
    name: "no ingress rule",
    view: closed,
    flow: { source: podA, destination: podB },
    gives: "denied-in",
  },
  {
    name: "an unused address",
    flow: { source: podA, destination: "100.64.9.9" },
    gives: "unknown-destination",
  },
  {
    name: "a host nobody is",
    flow: { source: podA, destination: "198.51.100.200" },
    gives: "unknown-destination",
  },
  {
    name: "a source of another interface",
    flow: { source: podA, destination: podB, from: "eni-a-0" },
    gives: "foreign-source",
  },
  {
    name: "the same without the check",
    view: withInterface(sampleVpc, "a-0", { sourceDestCheck: false }),
    flow: { source: podA, destination: podB, from: "eni-a-0" },
    gives: `eni-b-1 from ${podA}`,
  },
  {
    name: "nobody's source",
    flow: { source: "9.9.9.9", destination: podB },
    gives: "unknown-interface",
  },
  {
    name: "internet gateway with a public address",
    view: publicVpc,
    flow: { source: "10.0.0.10", destination: internetAddress },
    gives: `internet from ${elastic}`,
  },
  {
    name: "internet gateway without",
    view: publicVpc,
    flow: { source: podA, destination: internetAddress },
    gives: "no-public-address",
  },
  {
    name: "no route",
    view: { ...sampleVpc, subnets: sampleVpc.subnets.map((s) => ({ ...s, routes: [] })) },
    flow: { source: podA, destination: internetAddress },
    gives: "no-route",
  },
  {
    name: "a route to an interface that forwards",
    view: forwarded(false),
    flow: { source: podA, destination: "192.168.7.7" },
    gives: `eni-b-0 from ${podA}`,
  },
  {
    name: "a route to an interface that does not",
    view: forwarded(true),
    flow: { source: podA, destination: "192.168.7.7" },
    gives: "no-route",
  },
  {
    name: "from the internet to a public address",
    view: { ...publicVpc, groups: [group("sg-open", { ...everyone, egress: false })] },
    flow: { source: internetAddress, destination: elastic },
    gives: `eni-a-0 from ${internetAddress}`,
  },
  {
    name: "from the internet, not let in",
    view: publicVpc,
    flow: { source: internetAddress, destination: elastic },
    gives: "denied-in",
  },
  {
    name: "from the network on premises, not let in",
    flow: { source: onPremises.address, destination: podA },
    gives: "denied-in",
  },
]

for (const { name, view = sampleVpc, flow, gives } of cases)
  test(name, () => {
    const trace = traceFlow(view, { protocol: "tcp", port: 80, ...flow })
    assert.equal(trace.delivered ? `${trace.to} from ${trace.sourceSeen}` : trace.dropped, gives)
  })

test("each step is told", () => {
  const trace = traceFlow(sampleVpc, {
    source: podA,
    destination: internetAddress,
    protocol: "icmp",
  })
  assert.deepEqual(trace.steps, [
    "leaves by eni-a-1",
    `arrives at internet from ${natAddress.a} via nat-gateway nat-a`,
  ])
})
