import { isError } from "../../errors/catalogue.ts"
import { limitsOf, supportsPrefixes } from "../../vpc/instance-limits.ts"
import { setCommand } from "../change/set-command.ts"
import { type FleetIndex, isTrue } from "../facts/fleet-index.ts"
import { grantCommand } from "../iam/grant-command.ts"
import type { WarningFacts } from "../snapshot.ts"
import type { Check, Symptom } from "./check.ts"
import { type Examination, isServed } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"

/** Variables that decide where pods live: losing one moves pods or stops nodes. */
const decisive = [
  "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
  "ENI_CONFIG_LABEL_DEF",
  "ENI_CONFIG_ANNOTATION_DEF",
  "AWS_VPC_K8S_CNI_EXTERNALSNAT",
  "ENABLE_PREFIX_DELEGATION",
  "ENABLE_SUBNET_DISCOVERY",
] as const

const booleans = new Set([
  "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
  "AWS_VPC_K8S_CNI_EXTERNALSNAT",
  "ENABLE_PREFIX_DELEGATION",
  "ENABLE_SUBNET_DISCOVERY",
])

function* environmentDrift(examination: Examination): Iterable<Symptom> {
  const { env, aws } = examination
  for (const name of decisive) {
    if (env[name] !== "" || !booleans.has(name)) continue
    yield {
      object: "daemonset/aws-node",
      says: `${name} is present and empty, which counts as false`,
      evidence: [`${name}=`],
      fix: {
        kind: "plan",
        says: "Give it a value, or remove it.",
        command: setCommand([{ name, value: undefined }], examination),
      },
    }
  }
  const { addon } = aws.eks ?? {}
  if (addon === undefined) return
  const configured = configuredEnv(addon.configuration)
  const differing = decisive.filter((name) => name in env && env[name] !== configured[name])
  const lost = differing.filter((name) => configured[name] !== undefined || isTrue(env[name]))
  if (lost.length === 0) return
  yield {
    object: "addon/vpc-cni",
    says: `the DaemonSet and the EKS add-on disagree on ${enumerate(lost, 5)}: the next update of the add-on resets them`,
    evidence: lost.map(
      (name) => `${name}: DaemonSet ${env[name]}, add-on ${configured[name] ?? "not set"}`,
    ),
    fix: {
      kind: "plan",
      says: "Put the values into the add-on's configuration.",
      command: setCommand(
        lost.map((name) => ({ name, value: env[name] })),
        examination,
      ),
    },
  }
}

/** `env` of the add-on's configuration values, which are JSON (or YAML, which is not looked into). */
function configuredEnv(configuration: string | undefined): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(configuration ?? "{}")
    const env = (parsed as { env?: unknown } | null)?.env ?? {}
    return Object.fromEntries(Object.entries(env).map(([k, v]) => [k, String(v)]))
  } catch {
    return {}
  }
}

function* deadDiscoveryTags({ index, aws }: Examination): Iterable<Symptom> {
  if (!index.mode.customNetworking) return
  const tagged = aws.subnets.filter((s) => (s.tags["kubernetes.io/role/cni"] ?? "0") !== "0")
  if (tagged.length === 0) return
  yield {
    object: "daemonset/aws-node",
    says: "custom networking is on: subnets tagged kubernetes.io/role/cni are not discovered",
    evidence: [enumerate(tagged.map((s) => s.id))],
    fix: {
      kind: "tell",
      says: "Remove the tags, or choose these subnets in a SubnetPool by that tag.",
    },
  }
}

const versionNotes: readonly { readonly below: [number, number, number]; readonly says: string }[] =
  [
    {
      below: [1, 13, 0],
      says: "a missing ENIConfig is not fatal: nodes come up in the wrong subnet unnoticed",
    },
    { below: [1, 18, 0], says: "no subnet discovery" },
    {
      below: [1, 22, 4],
      says: "1.22.1 to 1.22.3 may give pods the node's primary address, or the node's groups",
    },
  ]

function* pluginVersion({ index }: Examination): Iterable<Symptom> {
  const set = index.snapshot.cluster.daemonSet
  if (set === undefined || set.berth) return
  const match = /:v(\d+)\.(\d+)\.(\d+)/.exec(set.image)
  if (match === null) return
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number)
  const older = ([a, b, c]: readonly [number, number, number]) =>
    major !== a ? major < a : minor !== b ? minor < b : patch < c
  const notes = versionNotes.filter(({ below }) => older(below))
  if (notes.length === 0) return
  yield {
    object: "daemonset/aws-node",
    says: `amazon-vpc-cni v${major}.${minor}.${patch} has known trouble`,
    evidence: notes.map((n) => `before v${n.below.join(".")}: ${n.says}`),
    fix: { kind: "tell", says: "Update the plugin, one minor version at a time." },
  }
}

/** Names of refused EC2 actions, out of events and log lines. */
const refusedAction = /(?:ec2:|not authorized to perform: (?:ec2:)?)(\w+)/

function* missingPermissions({ index }: Examination): Iterable<Symptom> {
  const { cluster, logs } = index.snapshot
  const events = cluster.warnings.filter(
    (w) => w.reason === "MissingIAMPermissions" && !isOver(w, index),
  )
  const lines = (logs ?? []).flatMap((log) =>
    log.lines
      .filter((line) => line.includes("UnauthorizedOperation"))
      .map((line) => `${log.name}: ${line}`),
  )
  const evidence = [...events.map((e) => `event on ${e.kind}/${e.name}: ${e.message}`), ...lines]
  if (evidence.length === 0) return
  const actions = new Set(evidence.flatMap((line) => refusedAction.exec(line)?.[1] ?? []))
  yield {
    object: cluster.daemonSet?.berth ? "deployment/berth-controller" : "daemonset/aws-node",
    says: `its IAM role lacks ${
      actions.size > 0
        ? enumerate(
            [...actions].map((a) => `ec2:${a}`),
            6,
          )
        : "permissions"
    }`,
    evidence: evidence.slice(0, 5),
    fix: {
      kind: "plan",
      says: "Give the role the policy of the plugin.",
      command: grantCommand(evidence, cluster.daemonSet?.berth === true),
    },
  }
}

/** The controller says by the node's condition when a call has succeeded since. Times are whole seconds there. */
function isOver({ kind, name, at }: WarningFacts, { nodeNetwork }: FleetIndex): boolean {
  if (kind !== "Node") return false
  const ready = nodeNetwork(name)?.status?.conditions.find((c) => c.type === "Ready")
  if (ready?.status !== "True") return false
  return Date.parse(ready.lastTransitionTime) >= Date.parse(at) - 1000
}

const numberOf = (value: string | undefined) => Number.parseInt(value ?? "", 10) || 0

function* targetTraps(examination: Examination): Iterable<Symptom> {
  const { env, index, nodes } = examination
  const set = (says: string, evidence: string[], name: string, value: string): Symptom => ({
    object: "daemonset/aws-node",
    says,
    evidence,
    fix: {
      kind: "plan",
      says: `Set ${name}=${value}.`,
      command: setCommand([{ name, value }], examination),
    },
  })
  const [warm, minimum, prefix] = ["WARM_IP_TARGET", "MINIMUM_IP_TARGET", "WARM_PREFIX_TARGET"].map(
    (k) => numberOf(env[k]),
  ) as [number, number, number]
  const { berth } = index.snapshot.cluster.daemonSet ?? { berth: false }
  if (minimum > 0 && warm === 0 && !berth) {
    const evidence = [`MINIMUM_IP_TARGET=${minimum}, WARM_IP_TARGET not set`]
    yield set(
      `the pool stays at ${minimum} addresses: pods beyond wait for a call each`,
      evidence,
      "WARM_IP_TARGET",
      "2",
    )
  }
  if (!index.mode.prefixDelegation) return
  if (warm === 0 && minimum === 0 && prefix === 0 && env["WARM_PREFIX_TARGET"] !== undefined) {
    yield set(
      "prefix delegation without any warm target is not supported",
      ["WARM_PREFIX_TARGET=0"],
      "WARM_PREFIX_TARGET",
      "1",
    )
  }
  const without = nodes.filter((node) => !hasPrefixes(index.typeOf(node)))
  if (without.length === 0) return
  yield {
    object: "daemonset/aws-node",
    says: `${plural(without.length, "node")} of a type without prefix delegation ${without.length === 1 ? "uses" : "use"} single addresses`,
    evidence: [enumerate(without.map((node) => `${node.name} (${index.typeOf(node)})`))],
    fix: {
      kind: "tell",
      says: "Use Nitro instance types, or count with fewer pods on these nodes.",
    },
  }
}

function hasPrefixes(type: string | undefined): boolean {
  try {
    return type === undefined || supportsPrefixes(limitsOf(type))
  } catch (error) {
    if (isError(error, "vpc/instance-type-unknown")) return true
    throw error
  }
}

function* notForENIConfig(examination: Examination): Iterable<Symptom> {
  const { index, aws } = examination
  if (!index.mode.customNetworking) return
  if (aws.eks?.ipFamily === "ipv6") {
    yield {
      severity: "blocking",
      object: "daemonset/aws-node",
      says: "custom networking is on in an IPv6 cluster: the VPC CNI does not start",
      evidence: ["cluster ipFamily ipv6"],
      fix: {
        kind: "plan",
        says: "Turn custom networking off.",
        command: setCommand(
          [{ name: "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", value: "false" }],
          examination,
        ),
      },
    }
  }
  const other = index.snapshot.cluster.nodes.filter((node) => !isServed(node))
  if (other.length === 0) return
  yield {
    object: "cluster",
    says: `ENIConfigs do not apply to ${plural(other.length, "node")} of Fargate, Auto Mode or Windows`,
    evidence: [enumerate(other.map((node) => node.name))],
    fix: { kind: "tell", says: "Choose their subnets in the Fargate profile or the NodeClass." },
  }
}

const plugin = ["daemonsets.apps"] as const

export const pluginChecks: readonly Check[] = [
  {
    id: "C01",
    title: "Settings survive the next update",
    severity: "wrong-network",
    needs: plugin,
    wants: ["eks:DescribeAddon"],
    run: environmentDrift,
  },
  {
    id: "C02",
    title: "No dead discovery tags",
    severity: "note",
    needs: [...plugin, "ec2:DescribeSubnets"],
    run: deadDiscoveryTags,
  },
  {
    id: "C03",
    title: "The plugin's version has no known trouble",
    severity: "risk",
    needs: plugin,
    run: pluginVersion,
  },
  {
    id: "C04",
    title: "IAM lets the plugin work",
    severity: "blocking",
    needs: [],
    run: missingPermissions,
  },
  {
    id: "C05",
    title: "Warm targets make sense",
    severity: "risk",
    needs: [...plugin, "nodes"],
    run: targetTraps,
  },
  {
    id: "C06",
    title: "Custom networking applies to every node",
    severity: "note",
    needs: [...plugin, "nodes"],
    run: notForENIConfig,
  },
]
