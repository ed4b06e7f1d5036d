import type { NetworkInterface, Subnet } from "../../vpc/model.ts"
import { setCommand } from "../change/set-command.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"

/** Who else puts interfaces into a subnet, by the description that AWS gives them. */
const others: readonly { readonly who: string; readonly description: RegExp }[] = [
  { who: "load balancers", description: /^ELB / },
  { who: "the EKS control plane", description: /^Amazon EKS / },
  { who: "RDS", description: /^RDSNetworkInterface/ },
  { who: "Lambda", description: /^AWS Lambda VPC ENI/ },
  { who: "NAT gateways", description: /^Interface for NAT Gateway/ },
  { who: "VPC endpoints", description: /^VPC Endpoint Interface/ },
  { who: "EFS", description: /^EFS mount target/ },
]

const ownerOf = (iface: NetworkInterface) =>
  others.find((o) => o.description.test(iface.description))?.who

const podSubnetsOf = ({ aws, podSubnets }: Examination): Subnet[] =>
  aws.subnets.filter((subnet) => podSubnets.has(subnet.id))

function* sharedSubnets(examination: Examination): Iterable<Symptom> {
  for (const { id, cidr } of podSubnetsOf(examination)) {
    const foreign = examination.interfacesIn(id).flatMap((iface) => ownerOf(iface) ?? [])
    if (foreign.length === 0) continue
    const counts = [...Map.groupBy(foreign, (who) => who)].map(
      ([who, all]) => `${all.length} of ${who}`,
    )
    yield {
      object: `subnet/${id}`,
      says: `others use the pod subnet ${cidr} too: it can run out, and prefixes be spoilt, without any pod`,
      evidence: counts,
      fix: { kind: "tell", says: "Give pods a subnet of their own." },
    }
  }
}

/** EKS makes new interfaces when it upgrades a cluster: it asks for five free addresses, and advises sixteen. */
const upgradeNeeds = 5
const upgradeAdvised = 16

function* clusterSubnets({ aws, podSubnets }: Examination): Iterable<Symptom> {
  for (const id of aws.eks?.subnetIds ?? []) {
    const subnet = aws.subnets.find((s) => s.id === id)
    if (subnet === undefined) continue
    const free = subnet.availableAddresses
    if (podSubnets.has(id)) {
      yield {
        object: `subnet/${id}`,
        says: "the control plane's interfaces are in a pod subnet: pods can starve them",
        evidence: [`used by ${enumerate(podSubnets.get(id) ?? [])}`],
        fix: {
          kind: "plan",
          says: "Move the cluster to subnets of its own (aws eks update-cluster-config).",
        },
      }
    }
    if (free < upgradeAdvised) {
      yield {
        severity: free < upgradeNeeds ? "blocking" : "risk",
        object: `subnet/${id}`,
        says: `a subnet of the control plane has ${plural(free, "free address", "free addresses")}: an upgrade needs ${upgradeNeeds}`,
        evidence: [`${subnet.cidr} in ${subnet.zone}`],
        fix: { kind: "plan", says: "Free addresses there, or add a subnet to the cluster." },
      }
    }
  }
}

const roleTag = "kubernetes.io/role/cni"
const clusterTagPrefix = "cni.networking.k8s.aws/cluster/"

function* discoveryTags(examination: Examination): Iterable<Symptom> {
  const { aws, env, index } = examination
  if (index.mode.customNetworking) return
  const name = env["CLUSTER_NAME"] ?? ""
  for (const { id, tags } of aws.subnets) {
    const clusters = Object.keys(tags)
      .filter((key) => key.startsWith(clusterTagPrefix))
      .map((key) => key.slice(clusterTagPrefix.length))
    const included = tags[roleTag] !== undefined && tags[roleTag] !== "0"
    if (!included || clusters.length === 0) continue
    if (name === "") {
      yield {
        object: "daemonset/aws-node",
        says: `subnet ${id} is tagged for ${enumerate(clusters)}, and CLUSTER_NAME is not set: the tag is not looked at`,
        evidence: [`${clusterTagPrefix}${clusters[0]}`],
        fix: {
          kind: "plan",
          says: "Set CLUSTER_NAME.",
          command: setCommand(
            [{ name: "CLUSTER_NAME", value: index.snapshot.cluster.name ?? "NAME" }],
            examination,
          ),
        },
      }
    }
  }
}

function* loadBalancerTags(examination: Examination): Iterable<Symptom> {
  for (const { id, tags } of podSubnetsOf(examination)) {
    const tag = ["kubernetes.io/role/internal-elb", "kubernetes.io/role/elb"].find((t) => t in tags)
    if (tag === undefined) continue
    yield {
      object: `subnet/${id}`,
      says: `the pod subnet is tagged ${tag}: load balancers are put there`,
      evidence: [`${tag}=${tags[tag]}`],
      fix: {
        kind: "plan",
        says: "Remove the tag.",
        command: `aws ec2 delete-tags --resources ${id} --tags Key=${tag}`,
      },
    }
  }
}

const subnets = ["ec2:DescribeSubnets", "eniconfigs.crd.k8s.amazonaws.com"] as const

export const subnetSharingChecks: readonly Check[] = [
  {
    id: "S07",
    title: "Pod subnets are the pods' alone",
    severity: "risk",
    needs: [...subnets, "ec2:DescribeNetworkInterfaces"],
    run: sharedSubnets,
  },
  {
    id: "S08",
    title: "The control plane has subnets and addresses of its own",
    severity: "risk",
    needs: [...subnets, "eks:DescribeCluster"],
    run: clusterSubnets,
  },
  {
    id: "S09",
    title: "Discovery tags are looked at",
    severity: "risk",
    needs: [...subnets, "daemonsets.apps"],
    run: discoveryTags,
  },
  {
    id: "S10",
    title: "No load balancers in pod subnets",
    severity: "wrong-network",
    needs: subnets,
    run: loadBalancerTags,
  },
]
