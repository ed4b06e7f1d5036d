import { selects } from "../../placement/selector.ts"
import { contains, parseCidr } from "../../vpc/cidr.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"
import { type End, type Traffic, whyBlocked } from "./reachability.ts"
import { refusedPlacements } from "./subnet-checks.ts"

/** The distinct sets of groups and subnets that pods' interfaces get, with the objects that say so. */
function podEnds({ nodes, resolution }: Examination): { object: string; end: End }[] {
  const ends = new Map<string, { object: string; end: End }>()
  for (const node of nodes) {
    const answer = resolution(node)
    if (!answer?.ok || answer.placement.object === "primary") continue
    const { object, subnets, securityGroups } = answer.placement
    const cidrs = subnets.map((option) => option.subnet.cidr)
    ends.set(object, { object, end: { groups: securityGroups, cidrs } })
  }
  return [...ends.values()]
}

function nodeEnd({ nodes, index, aws }: Examination): End {
  const primaries = nodes.flatMap((node) => index.interfacesOf(node)[0] ?? [])
  const groups = new Set(primaries.flatMap((iface) => iface.securityGroups))
  const ids = new Set(primaries.map((iface) => iface.subnetId))
  return {
    groups: [...groups],
    cidrs: aws.subnets.filter((s) => ids.has(s.id)).map((s) => s.cidr),
  }
}

const dns: readonly Traffic[] = [
  { protocol: "udp", port: 53 },
  { protocol: "tcp", port: 53 },
]
const https: Traffic = { protocol: "tcp", port: 443 }
/** Any port of a pod will do to see that probes and node-to-pod traffic have a way at all. */
const probe: Traffic = { protocol: "tcp", port: 8080 }

/** The control plane's interfaces. */
function controlEnd({ aws }: Examination): End | undefined {
  const group = aws.eks?.clusterSecurityGroup
  if (group === undefined) return undefined
  const ids = aws.eks?.subnetIds ?? []
  return {
    groups: [group],
    cidrs: aws.subnets.filter((s) => ids.includes(s.id)).map((s) => s.cidr),
  }
}

function* closedPaths(examination: Examination): Iterable<Symptom> {
  const { securityGroups } = examination.aws
  const ends = podEnds(examination)
  const node = nodeEnd(examination)
  const control = controlEnd(examination)
  for (const { object, end } of ends) {
    const ask = (what: string, from: End, to: End, traffic: Traffic): string[] => {
      const why = whyBlocked(securityGroups, from, to, traffic)
      return why === undefined ? [] : [`${what}: ${why}`]
    }
    const vital = [
      ...ends.flatMap((other) =>
        dns.flatMap((t) => ask(`DNS to pods of ${other.object}`, end, other.end, t)),
      ),
      ...(node.groups.length > 0 ? ask("kubelet probes", node, end, probe) : []),
      ...(control === undefined ? [] : ask("API server", end, control, https)),
    ]
    const webhooks = control === undefined ? [] : ask("webhooks", control, end, https)
    const blocked = [...vital, ...webhooks]
    if (blocked.length === 0) continue
    const peer = control?.groups[0] ?? node.groups[0] ?? "SG"
    yield {
      severity: vital.length > 0 ? "blocking" : "risk",
      object,
      says: `security groups ${end.groups.join(", ")} close ${plural(blocked.length, "path")} that pods need`,
      evidence: blocked,
      fix: {
        kind: "plan",
        says: "Let the groups reach each other (simplest: the cluster's security group in every ENIConfig).",
        command: `aws ec2 authorize-security-group-ingress --group-id ${end.groups[0] ?? "SG"} --protocol all --source-group ${peer}`,
      },
    }
  }
}

function* emptyGroups({ index }: Examination): Iterable<Symptom> {
  for (const { metadata, spec } of index.snapshot.cluster.eniConfigs) {
    if ((spec?.securityGroups ?? []).length > 0) continue
    yield {
      object: `ENIConfig/${metadata.name}`,
      says: "it names no security group: those of the node's primary ENI apply",
      evidence: ["spec.securityGroups is empty"],
      fix: { kind: "tell", says: "Name the groups, unless the nodes' are meant." },
    }
  }
}

function* policiesOverride({ index }: Examination): Iterable<Symptom> {
  const { cluster } = index.snapshot
  if (!index.mode.customNetworking) return
  for (const { metadata, spec } of cluster.securityGroupPolicies) {
    const selector = spec?.podSelector
    if (selector === undefined) continue
    const hit = cluster.pods.filter(
      (pod) => pod.namespace === metadata.namespace && selects(selector, pod.labels),
    )
    if (hit.length === 0) continue
    yield {
      object: `SecurityGroupPolicy/${metadata.namespace}/${metadata.name}`,
      says: `${plural(hit.length, "pod has", "pods have")} its groups in place of their ENIConfig's`,
      evidence: [`groups ${enumerate(spec?.securityGroups?.groupIds ?? [])}`],
      fix: { kind: "tell", says: "Nothing, if that is meant." },
    }
  }
}

function* tagForLoadBalancers(examination: Examination): Iterable<Symptom> {
  const { aws, index } = examination
  const { name } = index.snapshot.cluster
  if (name === undefined) return
  const tag = `kubernetes.io/cluster/${name}`
  for (const { object, end } of podEnds(examination)) {
    if (end.groups.length < 2) continue
    const tagged = aws.securityGroups.filter((g) => end.groups.includes(g.id) && tag in g.tags)
    if (tagged.length === 1) continue
    yield {
      object,
      says: `of its ${end.groups.length} groups ${tagged.length} are tagged ${tag}: the load balancer controller wants exactly one`,
      evidence: [end.groups.join(", ")],
      fix: {
        kind: "plan",
        says: "Tag one of them, and only one.",
        command: `aws ec2 create-tags --resources ${end.groups[0] ?? "SG"} --tags Key=${tag},Value=owned`,
      },
    }
  }
}

/** Rules that know only the VPC's first block, on groups that guard pods. */
function* primaryBlockOnly(examination: Examination): Iterable<Symptom> {
  const { aws } = examination
  const primary = parseCidr(aws.vpc?.cidrs[0]?.cidr ?? "")
  if (primary === undefined) return
  for (const { object, end } of podEnds(examination)) {
    const outside = end.cidrs.filter((cidr) => {
      const own = parseCidr(cidr)
      return own !== undefined && !contains(primary, own)
    })
    if (outside.length === 0) continue
    const rules = aws.securityGroups
      .filter((g) => end.groups.includes(g.id))
      .flatMap((g) =>
        (g.rules ?? []).filter((r) => r.direction === "ingress").map((r) => ({ g, r })),
      )
    const narrow = rules.filter(({ r }) => isWithin(r.peer, primary))
    const wide = (r: (typeof narrow)[number]["r"]) =>
      rules.some(
        ({ r: other }) =>
          other.fromPort === r.fromPort &&
          other.toPort === r.toPort &&
          (end.groups.includes(other.peer) || outside.every((cidr) => holds(other.peer, cidr))),
      )
    const missing = narrow.filter(({ r }) => !wide(r))
    if (missing.length === 0) continue
    yield {
      object,
      says: `its groups let in the VPC's first block, and not the pods' own ${enumerate(outside)}`,
      evidence: missing.map(
        ({ g, r }) => `${g.id}: ${r.protocol} ${r.fromPort ?? "*"} from ${r.peer}`,
      ),
      fix: {
        kind: "plan",
        says: "Add the pods' block to these rules.",
        command: `aws ec2 authorize-security-group-ingress --group-id ${missing[0]?.g.id ?? "SG"} --protocol all --cidr ${outside[0]}`,
      },
    }
  }
}

const isWithin = (peer: string, block: Parameters<typeof contains>[0]) => {
  const own = parseCidr(peer)
  return own !== undefined && contains(block, own)
}

const holds = (peer: string, cidr: string) => {
  const block = parseCidr(peer)
  return block !== undefined && isWithin(cidr, block)
}

const bound = [
  "nodes",
  "ec2:DescribeInstances",
  "ec2:DescribeSubnets",
  "eniconfigs.crd.k8s.amazonaws.com",
] as const
const groups = [...bound, "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"] as const

export const groupChecks: readonly Check[] = [
  {
    id: "G01",
    title: "Security groups exist, in the VPC, and are not too many",
    severity: "blocking",
    needs: groups,
    run: (examination) =>
      refusedPlacements(examination, new Set(["placement/security-group-invalid"])),
  },
  {
    id: "G02",
    title: "Pods reach DNS, nodes and the API server",
    severity: "blocking",
    needs: groups,
    run: closedPaths,
  },
  {
    id: "G03",
    title: "ENIConfigs name their security groups",
    severity: "note",
    needs: ["eniconfigs.crd.k8s.amazonaws.com"],
    run: emptyGroups,
  },
  {
    id: "G04",
    title: "Groups that policies replace",
    severity: "note",
    needs: ["securitygrouppolicies.vpcresources.k8s.aws", "pods"],
    run: policiesOverride,
  },
  {
    id: "G05",
    title: "One group is tagged for load balancers",
    severity: "wrong-network",
    needs: groups,
    run: tagForLoadBalancers,
  },
  {
    id: "G06",
    title: "Rules cover the pods' block",
    severity: "wrong-network",
    needs: [...groups, "ec2:DescribeVpcs"],
    run: primaryBlockOnly,
  },
]
