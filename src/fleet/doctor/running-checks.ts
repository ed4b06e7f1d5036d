import { setCommand } from "../change/set-command.ts"
import { classify } from "../classify.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"
import { deleteInterfaces, instanceTag, leakedInterfaces } from "./leaked-interfaces.ts"

/** Days until which a subnet that fills up is worth a finding. */
const horizonDays = 14

function* fillingUp({ index }: Examination): Iterable<Symptom> {
  for (const { metadata, status } of index.snapshot.cluster.subnetPools) {
    for (const subnet of status?.subnets ?? []) {
      if (subnet.daysToFull === undefined || subnet.daysToFull > horizonDays) continue
      yield {
        object: `subnet/${subnet.id}`,
        says: `at its present rate it is full in ${plural(Math.ceil(subnet.daysToFull), "day")}`,
        evidence: [
          `SubnetPool/${metadata.name}: ${subnet.free} of ${subnet.total} free, ${subnet.burnRate ?? "?"} addresses an hour`,
        ],
        fix: { kind: "plan", says: "Add a subnet to the pool.", command: "berth plan" },
      }
    }
  }
}

function* leaked(examination: Examination): Iterable<Symptom> {
  const found = leakedInterfaces(examination)
  if (found.length === 0) return
  const held = found.reduce((n, i) => n + 1 + i.addresses.length + 16 * i.prefixes.length, 0)
  yield {
    object: "vpc",
    says: `${plural(found.length, "ENI")} of instances that are gone ${found.length === 1 ? "holds" : "hold"} ${plural(held, "address", "addresses")}`,
    evidence: found.slice(0, 5).map((i) => `${i.id} in ${i.subnetId}, of ${i.tags[instanceTag]}`),
    fix: deleteInterfaces(found),
  }
}

/** Idle addresses matter where subnets are short. */
const idleShare = 0.5
const shortShare = 0.2

function* idleAddresses(examination: Examination): Iterable<Symptom> {
  const { nodes, podInterfaces, addressedPods, aws } = examination
  let held = 0
  let used = 0
  const ids = new Set<string>()
  for (const node of nodes) {
    for (const iface of podInterfaces(node)) {
      held += iface.addresses.length + 16 * iface.prefixes.length
      ids.add(iface.subnetId)
    }
    used += addressedPods(node).filter((p) => p.ip !== undefined).length
  }
  const idle = held - used
  const short = aws.subnets.filter(
    (s) =>
      ids.has(s.id) &&
      s.availableAddresses < shortShare * (2 ** (32 - Number(s.cidr.split("/")[1])) - 5),
  )
  if (held === 0 || idle / held < idleShare || short.length === 0) return
  yield {
    object: "daemonset/aws-node",
    says: `${idle.toLocaleString("en")} of ${held.toLocaleString("en")} addresses on nodes are idle, and subnets run short`,
    evidence: short.map((s) => `${s.id}: ${s.availableAddresses} free`),
    fix: {
      kind: "plan",
      says: "Keep fewer in stock. Fewer warm addresses mean more EC2 calls; Berth refills before pods ask.",
      command: setCommand(
        [
          { name: "WARM_IP_TARGET", value: "2" },
          { name: "MINIMUM_IP_TARGET", value: "10" },
        ],
        examination,
      ),
    },
  }
}

function* podsWithoutAddress(examination: Examination): Iterable<Symptom> {
  const groups = Map.groupBy(classify(examination), (c) => `${c.cause} ${c.says}`)
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    const pods = group.flatMap((c) => c.pods)
    yield {
      object: `node/${first.node}`,
      says: `${plural(pods.length, "pod gets", "pods get")} no address (${first.cause}): ${first.says}`,
      evidence: [
        ...first.evidence,
        `nodes: ${enumerate(group.map((c) => c.node))}`,
        `pods: ${enumerate(pods)}`,
      ],
      fix: first.fix,
    }
  }
}

/** Quotas "network address usage" of a VPC and "network interfaces per region". */
const addressUnits = 64_000
const interfacesPerRegion = 5_000
const nearly = 0.8

function* quotas({ aws }: Examination): Iterable<Symptom> {
  // Each address is a unit, and so is each prefix, whole.
  const units = aws.interfaces.reduce((n, i) => n + 1 + i.addresses.length + i.prefixes.length, 0)
  const most = aws.quotas?.interfacesPerRegion ?? interfacesPerRegion
  const near = [
    { what: "network address units", used: units, most: addressUnits },
    { what: "network interfaces", used: aws.interfaces.length, most },
  ].filter(({ used, most: limit }) => used >= nearly * limit)
  for (const { what, used, most: limit } of near) {
    yield {
      object: `vpc/${aws.vpc?.id ?? "?"}`,
      says: `${used.toLocaleString("en")} of ${limit.toLocaleString("en")} ${what} are used`,
      evidence: [`counted over ${plural(aws.interfaces.length, "interface")} of the VPC`],
      fix: {
        kind: "tell",
        says: "Ask for a higher quota, or use prefixes: one of sixteen addresses is one unit.",
      },
    }
  }
}

function* leftBehind(examination: Examination): Iterable<Symptom> {
  const { index, nodes, podInterfaces, podSubnets } = examination
  if (index.mode.customNetworking || podSubnets.size === 0) return
  const own = new Set(nodes.flatMap((node) => index.instanceOf(node)?.subnetId ?? []))
  const left = nodes.filter((node) =>
    podInterfaces(node).some((i) => podSubnets.has(i.subnetId) && !own.has(i.subnetId)),
  )
  if (left.length === 0) return
  yield {
    object: "daemonset/aws-node",
    says: `custom networking is off, and ${plural(left.length, "node still has", "nodes still have")} ENIs in pod subnets`,
    evidence: [enumerate(left.map((n) => n.name))],
    fix: {
      kind: "plan",
      says: "Turn it on again, or replace the nodes; the block cannot be removed before.",
      command: "berth rotate",
    },
  }
}

const attached = [
  "nodes",
  "pods",
  "daemonsets.apps",
  "ec2:DescribeInstances",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
] as const

export const runningChecks: readonly Check[] = [
  { id: "X01", title: "No subnet is full soon", severity: "risk", needs: [], run: fillingUp },
  {
    id: "X02",
    title: "No leaked ENIs",
    severity: "risk",
    needs: ["ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"],
    run: leaked,
  },
  {
    id: "X03",
    title: "Few idle addresses where subnets are short",
    severity: "risk",
    needs: attached,
    run: idleAddresses,
  },
  {
    id: "X04",
    title: "Every pod has an address",
    severity: "blocking",
    needs: ["nodes", "pods"],
    run: podsWithoutAddress,
  },
  {
    id: "X05",
    title: "VPC quotas have room",
    severity: "risk",
    needs: ["ec2:DescribeNetworkInterfaces"],
    run: quotas,
  },
  {
    id: "X06",
    title: "Nothing is left of custom networking that was turned off",
    severity: "risk",
    needs: [...attached, "eniconfigs.crd.k8s.amazonaws.com"],
    run: leftBehind,
  },
]
