import {
  blockOf,
  type Cidr,
  contains,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
} from "../../vpc/cidr.ts"
import { checkAssociation } from "../../vpc/cidr-rules.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate } from "./finding.ts"

/** Blocks of the VPC with their state; those that are gone left out. */
function blocksOf({ aws }: Examination) {
  return (aws.vpc?.cidrs ?? []).flatMap(({ cidr, state }) => {
    const block = parseCidr(cidr)
    return block === undefined || state === "disassociated" ? [] : [{ block, cidr, state }]
  })
}

const vpcOf = ({ aws }: Examination) => `vpc/${aws.vpc?.id ?? "?"}`

/** Routes to somewhere else than the VPC itself. */
function foreignRoutes({ aws }: Examination) {
  return aws.routeTables.flatMap((table) =>
    table.routes.flatMap((route) => {
      const to = parseCidr(route.destination)
      return to === undefined || route.target === "local" ? [] : [{ table, route, to }]
    }),
  )
}

/** Scarce: the case in which room for another block matters. */
const isScarce = ({ podSubnets, aws }: Examination) =>
  aws.subnets.some((s) => podSubnets.has(s.id) && s.availableAddresses < 16)

function* refusedBlocks(examination: Examination): Iterable<Symptom> {
  const blocks = blocksOf(examination)
  for (const { block, cidr, state } of blocks) {
    if (state !== "failed" && state !== "failing") continue
    const others = blocks.filter((b) => b.block !== block && b.state === "associated")
    const { refusals } = checkAssociation(block, { blocks: others.map((b) => b.block) })
    yield {
      object: vpcOf(examination),
      says: `block ${cidr} could not be associated`,
      evidence: refusals.length > 0 ? refusals : [`its state is ${state}`],
      fix: {
        kind: "tell",
        says: "Associate a block that the VPC may have; `berth plan` proposes some.",
      },
    }
  }
}

function* quotaReached(examination: Examination): Iterable<Symptom> {
  const blocks = blocksOf(examination)
  const quota = examination.aws.quotas?.blocksPerVpc ?? 5
  if (blocks.length < quota || !isScarce(examination)) return
  yield {
    object: vpcOf(examination),
    says: `the VPC has ${blocks.length} of ${quota} IPv4 blocks, and pod subnets run out`,
    evidence: [
      enumerate(
        blocks.map((b) => b.cidr),
        10,
      ),
    ],
    fix: {
      kind: "plan",
      says: "Ask for a higher quota (up to 50) before another block is needed.",
      command:
        "aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-83CA0A9D --desired-value 10",
    },
  }
}

function* routesInTheWay(examination: Examination): Iterable<Symptom> {
  for (const { block, cidr, state } of blocksOf(examination)) {
    if (state === "associated") continue
    const inside = foreignRoutes(examination).filter(({ to }) => contains(block, to))
    if (inside.length === 0) continue
    yield {
      object: vpcOf(examination),
      says: `block ${cidr} is as large as or larger than a route's destination, so AWS refuses it`,
      evidence: inside.map(
        ({ table, route }) => `${table.id}: ${route.destination} -> ${route.target}`,
      ),
      fix: { kind: "tell", says: "Remove the route, or choose a smaller block or another one." },
    }
  }
}

/** VPC user guide, "VPC CIDR blocks": Cloud9, SageMaker and Docker itself use it. */
const dockerBridge: Cidr = blockOf(parseAddress("172.17.0.0") ?? 0, 16)

const withinDocker = (object: string, cidr: string): Symptom => ({
  severity: "note",
  object,
  says: `block ${cidr} holds addresses of Docker's bridge: machines that run Docker do not reach them`,
  evidence: [`${formatCidr(dockerBridge)} is Docker's default`],
  fix: { kind: "tell", says: "Give Docker another bridge where it runs, or pods another block." },
})

function* collisions(examination: Examination): Iterable<Symptom> {
  const { aws } = examination
  const others: { block: Cidr; what: string }[] = []
  const add = (text: string | undefined, what: string) => {
    const block = text === undefined ? undefined : parseCidr(text)
    if (block !== undefined) others.push({ block, what })
  }
  add(aws.eks?.serviceCidr, "the cluster's services")
  for (const { id, peerCidrs } of aws.peerings ?? []) {
    for (const cidr of peerCidrs) add(cidr, `peering ${id}`)
  }
  for (const { table, route, to } of foreignRoutes(examination)) {
    if (to.length > 0) add(route.destination, `route ${table.id} -> ${route.target}`)
  }
  for (const { block, cidr } of blocksOf(examination)) {
    const hits = others.filter((other) => overlaps(other.block, block))
    if (overlaps(dockerBridge, block)) yield withinDocker(vpcOf(examination), cidr)
    if (hits.length === 0) continue
    yield {
      object: vpcOf(examination),
      says: `block ${cidr} overlaps addresses in use elsewhere: traffic goes one way only`,
      evidence: hits.map((hit) => `${formatCidr(hit.block)} is of ${hit.what}`),
      fix: { kind: "tell", says: "Use another block for pods; this one cannot be resized." },
    }
  }
}

function* pendingPeerings({ aws }: Examination): Iterable<Symptom> {
  for (const { id } of (aws.peerings ?? []).filter((p) => p.status === "pending-acceptance")) {
    yield {
      object: `peering/${id}`,
      says: "the VPC cannot add a block while its peering request waits to be accepted",
      evidence: ["status pending-acceptance"],
      fix: {
        kind: "tell",
        says: "Have it accepted or delete it.",
        command: `aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id ${id}`,
      },
    }
  }
}

function* unfinished(examination: Examination): Iterable<Symptom> {
  for (const { cidr, state } of blocksOf(examination)) {
    if (state === "associated" || state === "failed" || state === "failing") continue
    yield {
      object: vpcOf(examination),
      says: `block ${cidr} is not usable yet: ${state}`,
      evidence: [`CidrBlockState ${state}`],
      fix: { kind: "auto", says: "Wait until it is associated; no subnet can be made before." },
    }
  }
}

/** Words of the API server when it cannot reach a webhook or kubelet. */
const unreachable = /failed calling webhook.*(?:deadline exceeded|timeout|no route|connect: )/i

function* controlPlaneLags(examination: Examination): Iterable<Symptom> {
  const secondary = blocksOf(examination).slice(1)
  const { cluster } = examination.index.snapshot
  const hits = cluster.warnings.filter((w) => unreachable.test(w.message))
  const onThem = cluster.pods.some((pod) => secondary.some(({ cidr }) => isIn(pod.ip, cidr)))
  if (hits.length === 0 || !onThem) return
  yield {
    object: "control plane",
    says: "webhooks cannot be reached, and pods run on a secondary block",
    evidence: hits.slice(0, 3).map((w) => `${w.kind}/${w.name}: ${w.message}`),
    fix: {
      kind: "auto",
      says: "EKS learns a new block within an hour (up to five, by older documents). If it lasts, let the cluster's security group reach the pods' (G02).",
    },
  }
}

function isIn(ip: string | undefined, cidr: string): boolean {
  const address = ip === undefined ? undefined : parseCidr(`${ip}/32`)
  const block = parseCidr(cidr)
  return address !== undefined && block !== undefined && contains(block, address)
}

const vpc = ["ec2:DescribeVpcs"] as const
const routes = ["ec2:DescribeVpcs", "ec2:DescribeRouteTables"] as const

export const vpcChecks: readonly Check[] = [
  {
    id: "V01",
    title: "Blocks are allowed beside each other",
    severity: "blocking",
    needs: vpc,
    run: refusedBlocks,
  },
  { id: "V02", title: "Room for another block", severity: "risk", needs: vpc, run: quotaReached },
  {
    id: "V03",
    title: "No route stands in a block's way",
    severity: "blocking",
    needs: routes,
    run: routesInTheWay,
  },
  {
    id: "V04",
    title: "Blocks do not collide with other networks",
    severity: "blocking",
    needs: routes,
    run: collisions,
  },
  {
    id: "V05",
    title: "No peering request waits",
    severity: "risk",
    needs: ["ec2:DescribeVpcPeeringConnections"],
    run: pendingPeerings,
  },
  { id: "V06", title: "Blocks are associated", severity: "blocking", needs: vpc, run: unfinished },
  {
    id: "V07",
    title: "The control plane reaches pods",
    severity: "risk",
    needs: vpc,
    run: controlPlaneLags,
  },
]
