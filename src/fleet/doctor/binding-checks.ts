import { boundObject } from "../../placement/binding.ts"
import { setCommand } from "../change/set-command.ts"
import type { NodeFacts } from "../snapshot.ts"
import type { Check, Symptom } from "./check.ts"
import { bindingKeysOf, type Examination } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"
import { refusedPlacements } from "./subnet-checks.ts"

const unbound = new Set([
  "placement/eniconfig-missing",
  "placement/binding-empty",
  "placement/pool-missing",
  "placement/pool-ambiguous",
])

/** What a node says about its ENIConfig besides the label that all nodes have. */
function ownWord(node: NodeFacts, { index }: Examination) {
  const keys = bindingKeysOf(index)
  const external = node.labels[keys.external]
  if (external !== undefined) return { how: "label", key: keys.external, name: external }
  const annotation = node.annotations[keys.annotation]
  if (annotation !== undefined) return { how: "annotation", key: keys.annotation, name: annotation }
  return undefined
}

function* shadowed(examination: Examination): Iterable<Symptom> {
  const { index, nodes, resolution } = examination
  if (!index.mode.customNetworking) return
  const label = bindingKeysOf(index).label
  const entries = nodes.flatMap((node) => {
    const word = ownWord(node, examination)
    const common = node.labels[label]
    const differs = word !== undefined && common !== undefined && word.name !== common
    return differs ? [{ node, word, common, ok: resolution(node)?.ok !== false }] : []
  })
  const groups = Map.groupBy(entries, (e) => `${e.word.how} ${e.word.key}=${e.word.name}`)
  for (const [what, group] of groups) {
    const [first] = group
    if (first === undefined) continue
    const command = first.word.how === "label" ? "label" : "annotate"
    yield {
      severity: first.ok ? "note" : "wrong-network",
      object: `node/${first.node.name}`,
      says: `${what} overrules ${label}=${first.common}`,
      evidence: [`${plural(group.length, "node")}: ${enumerate(group.map((e) => e.node.name))}`],
      fix: {
        kind: "plan",
        says: "Remove it, if it is a leftover.",
        command: `kubectl ${command} node ${first.node.name} ${first.word.key}-`,
      },
    }
  }
}

const oldZoneLabel = "failure-domain.beta.kubernetes.io/zone"

function* labelKeyUnset(examination: Examination): Iterable<Symptom> {
  const { index, nodes, env, resolution } = examination
  if (!index.mode.customNetworking) return
  const key = env["ENI_CONFIG_LABEL_DEF"] ?? ""
  const falling = nodes.filter((node) => {
    const answer = resolution(node)
    return answer?.binding?.source === "Default"
  })
  const { cluster } = index.snapshot
  const zones = new Set(nodes.map((node) => index.zoneOf(node)))
  const byZone = cluster.eniConfigs.some((c) => zones.has(c.metadata.name))
  if (falling.length === 0 || (key !== oldZoneLabel && !byZone)) return
  yield {
    object: "daemonset/aws-node",
    says:
      key === oldZoneLabel
        ? `ENI_CONFIG_LABEL_DEF is ${oldZoneLabel}, which newer nodes do not have`
        : "ENIConfigs are named as the zones, and ENI_CONFIG_LABEL_DEF does not name the zone's label",
    evidence: [
      `ENI_CONFIG_LABEL_DEF=${key}`,
      `${plural(falling.length, "node falls", "nodes fall")} back to the name "default": ${enumerate(falling.map((n) => n.name))}`,
    ],
    fix: {
      kind: "plan",
      says: "Name the zone's label.",
      command: setCommand(
        [{ name: "ENI_CONFIG_LABEL_DEF", value: "topology.kubernetes.io/zone" }],
        examination,
      ),
    },
  }
}

function* strayInterfaces(examination: Examination): Iterable<Symptom> {
  const { nodes, index, resolution } = examination
  const berth = index.snapshot.cluster.daemonSet?.berth === true
  const stray = nodes.flatMap((node) => {
    const answer = resolution(node)
    const wrong = examination.strayInterfaces(node)
    if (!answer?.ok || wrong.length === 0) return []
    const { object, subnets } = answer.placement
    return [{ node: node.name, object, wrong, ids: subnets.map((option) => option.subnet.id) }]
  })
  for (const [object, group] of Map.groupBy(stray, (s) => s.object)) {
    const [first] = group
    if (first === undefined) continue
    const count = group.reduce((sum, s) => sum + s.wrong.length, 0)
    yield {
      severity: berth ? "note" : "wrong-network",
      object,
      says: `${plural(count, "ENI")} of ${plural(group.length, "node")} ${count === 1 ? "is" : "are"} not in ${first.ids.join(", ")}: pods there keep the old subnet`,
      evidence: [
        ...first.wrong.map((iface) => `${first.node}: ${iface.id} is in ${iface.subnetId}`),
        enumerate(group.map((s) => s.node)),
      ],
      fix: berth
        ? { kind: "auto", says: "Nothing: Berth drains them and opens new ones." }
        : {
            kind: "plan",
            says: "Replace the nodes: the VPC CNI hands out what it holds, and reads the ENIConfig only when it makes an ENI.",
            command: "berth rotate",
          },
    }
  }
}

/** Named in one command: more make no command line. */
const podsMost = 20

/** With Berth alone: the VPC CNI would give restarted pods another address of the primary ENI. */
function* podsOnPrimary(examination: Examination): Iterable<Symptom> {
  const { nodes, index, addressedPods } = examination
  if (!index.mode.customNetworking || !index.snapshot.cluster.daemonSet?.berth) return
  const found = nodes.flatMap((node) => {
    const primary = index.interfacesOf(node).find((i) => i.attachment?.deviceIndex === 0)
    if (primary === undefined) return []
    const pods = addressedPods(node).filter((p) => p.ip && index.holderOf(p.ip)?.id === primary.id)
    return pods.length > 0 ? [{ node: node.name, pods }] : []
  })
  const [first] = found.flatMap((f) => f.pods)
  if (first === undefined) return
  const pods = found.reduce((sum, f) => sum + f.pods.length, 0)
  const near = found.flatMap((f) => f.pods).filter((p) => p.namespace === first.namespace)
  yield {
    object: "daemonset/aws-node",
    says: `${plural(pods, "pod")} on ${plural(found.length, "node")} ${pods === 1 ? "has an address" : "have addresses"} of the primary ENI, from before custom networking`,
    evidence: [enumerate(found.map((f) => `${f.node}: ${f.pods.length}`))],
    fix: {
      kind: "plan",
      says: "Restart these pods: new ones get addresses of the pod subnets.",
      command: `kubectl delete pod -n ${first.namespace} ${near
        .slice(0, podsMost)
        .map((p) => p.name)
        .join(" ")}`,
    },
  }
}

function* defaultWithPodGroups(examination: Examination): Iterable<Symptom> {
  const { env, index, nodes, resolution } = examination
  if (!index.mode.customNetworking || env["ENABLE_POD_ENI"] !== "true") return
  const affected = nodes.filter((node) => resolution(node)?.binding?.name === "default")
  if (affected.length === 0 || index.snapshot.cluster.daemonSet?.berth) return
  yield {
    object: "ENIConfig/default",
    says: "security groups for pods ignore an ENIConfig named default: branch ENIs are made in the node's subnet",
    evidence: [`${plural(affected.length, "node")}: ${enumerate(affected.map((n) => n.name))}`],
    fix: { kind: "plan", says: "Give the ENIConfig another name, and bind the nodes to it." },
  }
}

function* deletedInUse({ index, nodes, resolution }: Examination): Iterable<Symptom> {
  for (const { metadata } of index.snapshot.cluster.eniConfigs) {
    if (metadata.deletionTimestamp === undefined) continue
    const object = `ENIConfig/${metadata.name}`
    const users = nodes.filter((node) => {
      const binding = resolution(node)?.binding
      return binding !== undefined && boundObject(binding) === object
    })
    if (users.length === 0) continue
    yield {
      object,
      says: `it is being deleted, and ${plural(users.length, "node is", "nodes are")} bound to it`,
      evidence: [enumerate(users.map((n) => n.name))],
      fix: { kind: "tell", says: "Bind the nodes to another one first, or create it again." },
    }
  }
}

const bound = [
  "nodes",
  "daemonsets.apps",
  "ec2:DescribeInstances",
  "eniconfigs.crd.k8s.amazonaws.com",
] as const
const attached = [...bound, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"] as const

export const bindingChecks: readonly Check[] = [
  {
    id: "N01",
    title: "Every node is bound to an object that exists",
    severity: "blocking",
    needs: bound,
    run: (examination) => refusedPlacements(examination, unbound),
  },
  {
    id: "N02",
    title: "No leftover annotation or label overrules the zone",
    severity: "note",
    needs: bound,
    run: shadowed,
  },
  {
    id: "N03",
    title: "ENI_CONFIG_LABEL_DEF names the zone's label",
    severity: "wrong-network",
    needs: bound,
    run: labelKeyUnset,
  },
  {
    id: "N04",
    title: "Nodes' ENIs are where their placement says",
    severity: "wrong-network",
    needs: [...attached, "pods"],
    *run(examination) {
      yield* strayInterfaces(examination)
      yield* podsOnPrimary(examination)
    },
  },
  {
    id: "N05",
    title: "Security groups for pods see the ENIConfig",
    severity: "wrong-network",
    needs: bound,
    run: defaultWithPodGroups,
  },
  {
    id: "N06",
    title: "No bound ENIConfig is being deleted",
    severity: "risk",
    needs: bound,
    run: deletedInUse,
  },
]
