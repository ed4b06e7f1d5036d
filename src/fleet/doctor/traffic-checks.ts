import { contains, parseCidr } from "../../vpc/cidr.ts"
import type { Subnet } from "../../vpc/model.ts"
import { translationOf } from "../explain/path.ts"
import { rollover } from "../rollover.ts"
import type { RouteTableFacts } from "../snapshot.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"
import { servingSubnets } from "./subnet-checks.ts"

/** Whether packets to the other VPC leave by this table; without a known peering only a transit gateway leads there. */
function leadsTo(table: RouteTableFacts, peerCidrs: readonly string[] | undefined): boolean {
  const live = table.routes.filter((r) => !r.blackhole && r.target !== "local")
  if (peerCidrs === undefined) return live.some((r) => r.target.startsWith("tgw-"))
  const between = live.filter((r) => /^(?:pcx|tgw)-/.test(r.target))
  return peerCidrs.every((cidr) => {
    const peer = parseCidr(cidr)
    return between.some((r) => {
      const to = parseCidr(r.destination)
      return peer !== undefined && to !== undefined && contains(to, peer)
    })
  })
}

/** Load balancers of another VPC that send to pods' own addresses, where answers find no way back. */
function* unreachableTargets(examination: Examination): Iterable<Symptom> {
  const { aws, index } = examination
  const bindings = (index.snapshot.cluster.targetGroupBindings ?? []).filter(
    (b) => b.targetType === "ip" && b.vpcId !== undefined && b.vpcId !== aws.vpc?.id,
  )
  for (const [vpcId = "", group] of Map.groupBy(bindings, (b) => b.vpcId)) {
    const peering = aws.peerings?.find((p) => p.peerVpcId === vpcId && p.status === "active")
    const cut = [...servingSubnets(examination)].filter((subnet) => {
      const table = examination.routeTableOf(subnet.id)
      return table !== undefined && !leadsTo(table, peering?.peerCidrs)
    })
    const [first] = group
    if (first === undefined || cut.length === 0) continue
    const blocks = enumerate(cut.map((s) => s.cidr))
    yield {
      object: `TargetGroupBinding/${first.namespace}/${first.name}`,
      says: `its load balancer is in ${vpcId} and sends to pods' own addresses, and ${blocks} ${cut.length === 1 ? "has" : "have"} no route back to that VPC`,
      evidence: [
        peering === undefined
          ? `no active peering with ${vpcId} was read, and no route to a transit gateway`
          : `${peering.id} leads to ${enumerate(peering.peerCidrs)}`,
        ...cut.map((s) => `${s.id}: ${examination.routeTableOf(s.id)?.id} has no such route`),
        `services: ${enumerate(group.map((b) => `${b.namespace}/${b.service}`))}`,
      ],
      fix: {
        kind: "tell",
        says: `Give the pod subnets a route to ${vpcId}, and that VPC one to ${blocks}; or register nodes (target-type instance).`,
      },
    }
  }
}

const cidrsOf = (subnets: Iterable<Subnet>) => [...new Set([...subnets].map((s) => s.cidr))].sort()

/** Pods that move to another subnet when their nodes are replaced: who sees another address of them, and who does not. */
function* changingSources(examination: Examination): Iterable<Symptom> {
  const { index, resolution, addressedPods } = examination
  const from = new Map<string, Subnet>()
  const to = new Map<string, Subnet>()
  let moving = 0
  for (const { node: name } of rollover(index, examination)) {
    const node = index.node(name)
    const answer = node && resolution(node)
    if (node === undefined || !answer?.ok) continue
    const wanted = answer.placement.subnets.map((option) => option.subnet)
    for (const pod of addressedPods(node)) {
      const now = index.subnet(index.holderOf(pod.ip ?? "")?.subnetId ?? "")
      if (now === undefined || wanted.some((s) => s.id === now.id)) continue
      moving++
      from.set(now.id, now)
      for (const subnet of wanted) to.set(subnet.id, subnet)
    }
  }
  if (moving === 0) return
  const [old, next] = [enumerate(cidrsOf(from.values())), enumerate(cidrsOf(to.values()))]
  const { external, excluded } = translationOf(index)
  yield {
    object: "cluster",
    says: `${plural(moving, "pod")} of nodes to be replaced will have other addresses: of ${next} in place of ${old}`,
    evidence: [
      `targets in the VPC will see ${next}`,
      ...(external
        ? [`targets outside the VPC will see ${next} too, where no NAT gateway is on the way`]
        : ["targets outside the VPC see the node's address, as before"]),
      ...(!external && excluded.length > 0
        ? [`targets in ${enumerate(excluded)} (not translated) will see ${next}`]
        : []),
    ],
    fix: {
      kind: "tell",
      says: "Before the rotation, let firewalls, databases and allow-lists that name the old addresses admit the new ones; `berth explain pod NAME --to ADDRESS` shows one way.",
    },
  }
}

const attached = [
  "nodes",
  "daemonsets.apps",
  "eniconfigs.crd.k8s.amazonaws.com",
  "ec2:DescribeInstances",
  "ec2:DescribeSubnets",
] as const

export const trafficChecks: readonly Check[] = [
  {
    id: "R06",
    title: "Load balancers of other VPCs reach the pods",
    severity: "wrong-network",
    needs: [
      ...attached,
      "targetgroupbindings.elbv2.k8s.aws",
      "ec2:DescribeVpcs",
      "ec2:DescribeRouteTables",
      "ec2:DescribeVpcPeeringConnections",
    ],
    run: unreachableTargets,
  },
  {
    id: "R07",
    title: "A rotation changes no pod's address as others see it",
    severity: "note",
    needs: [...attached, "pods", "ec2:DescribeNetworkInterfaces"],
    run: changingSources,
  },
]
