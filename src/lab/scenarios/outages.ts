import type { Cause } from "../../fleet/classify.ts"
import { healthySubnets } from "./healthy.ts"

/** One way in which pods come to get no address, or the wrong one, in the lab's healthy cluster. */
export interface Outage {
  readonly name: string
  /** What somebody did, in one sentence. */
  readonly story: string
  /** What the doctor must say: a cause of the classifier (check X04), or the id of another check. */
  readonly names: Cause | "N04" | "S03" | "S06"
  /** Words of the reason that `kubectl describe pod` gives; absent where no pod waits. */
  readonly tells?: string
  /** Command lines that bring it about, typed one after another. They use kubectl, and some the AWS CLI or curl. */
  readonly begin: readonly string[]
  /** What the printed fix does not undo, for the next outage in the same lab. */
  readonly afterwards?: readonly string[]
}

const { podsB, tinyA, smallA } = healthySubnets
const agents = "daemonset aws-node -n kube-system"
const rolledOut = `kubectl rollout status ${agents} --timeout=120s`

const patch = (eniConfig: string, spec: object) =>
  `kubectl patch eniconfig ${eniConfig} --type merge -p '${JSON.stringify({ spec })}'`
const scale = (replicas: number) => `kubectl scale deployment web -n shop --replicas=${replicas}`
/** Five more pods a node: each holds two addresses, so the outage shows at once. */
const morePods = scale(18)
/** Pods that keep addresses of another subnet would keep the slots of its ENIs. */
const restarted = "kubectl delete pods -n shop -l app=web --wait=false"

const uncordon = "kubectl uncordon -l kubernetes.io/os=linux"

const create = (kind: string, what: string) =>
  `aws ec2 create-${kind} ${what} --query ${kind === "vpc" ? "Vpc.VpcId" : "Subnet.SubnetId"} --output text`
const otherVpc = create("vpc", "--cidr-block 10.99.0.0/16")
const otherSubnet = create(
  "subnet",
  `--vpc-id $(${otherVpc}) --cidr-block 10.99.0.0/24 --availability-zone us-west-2a`,
)

const pool = `apiVersion: v1
kind: Namespace
metadata: { name: batch, labels: { team: batch } }
---
apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata: { name: batch }
spec:
  namespaceSelector: { matchLabels: { team: batch } }
  subnets: [{ id: ${tinyA} }, { id: ${podsB} }]
`

const assign =
  'curl -s -o /dev/null "$AWS_ENDPOINT_URL/?Version=2016-11-15&Action=AssignPrivateIpAddresses&DryRun=true&NetworkInterfaceId=eni-0&SecondaryPrivateIpAddressCount=1&X-Amz-Try='

/** Objects from before the webhook, or while it was down: with it, most mistakes are refused when they are made. */
const unchecked = "kubectl delete validatingwebhookconfiguration berth --ignore-not-found"

/** Every cause that the doctor tells apart, as it comes about in practice. Each begins and ends in the healthy cluster. */
export const outages: readonly Outage[] = [
  {
    name: "eniconfig-missing",
    story: "The ENIConfigs are deleted, or custom networking is on before there are any.",
    names: "no-eniconfig",
    tells: "which does not exist",
    begin: [unchecked, "kubectl delete eniconfigs --all --wait=false", morePods],
    afterwards: [patch("us-west-2b", { subnet: podsB })],
  },
  {
    name: "annotation",
    story: "The nodes of a zone are annotated with an ENIConfig that does not exist.",
    names: "no-eniconfig",
    tells: "which does not exist",
    begin: [
      "kubectl annotate nodes -l topology.kubernetes.io/zone=us-west-2a k8s.amazonaws.com/eniConfig=us-west-2x",
      morePods,
    ],
  },
  {
    name: "label-key",
    story: "ENI_CONFIG_LABEL_DEF names a label that no node has.",
    names: "no-eniconfig",
    tells: "which does not exist",
    begin: [`kubectl set env ${agents} ENI_CONFIG_LABEL_DEF=example.com/zone`, morePods],
  },
  {
    name: "zone-mismatch",
    story: "An ENIConfig names a subnet of another zone.",
    names: "placement-mismatch",
    tells: "in us-west-2b, but node",
    begin: [patch("us-west-2a", { subnet: podsB }), morePods],
  },
  {
    name: "vpc-mismatch",
    story: "An ENIConfig names a subnet of another VPC.",
    names: "placement-mismatch",
    tells: "but the nodes are in vpc-",
    begin: [
      unchecked,
      `kubectl patch eniconfig us-west-2a --type merge -p '{"spec":{"subnet":"'$(${otherSubnet})'"}}'`,
      morePods,
    ],
  },
  {
    name: "subnet-gone",
    story: "An ENIConfig names a subnet that was deleted.",
    names: "placement-mismatch",
    tells: "which EC2 does not know",
    begin: [unchecked, patch("us-west-2a", { subnet: "subnet-0a64000000000dead" }), morePods],
  },
  {
    name: "security-group",
    story: "An ENIConfig names a security group that was deleted.",
    names: "placement-mismatch",
    tells: "EC2 does not know it",
    begin: [unchecked, patch("us-west-2a", { securityGroups: ["sg-0de0000000000dead"] }), morePods],
  },
  {
    name: "agent-environment",
    story: "DaemonSet aws-node gets a setting that its pods cannot start with.",
    names: "agent-down",
    tells: "the node agent (aws-node) does not answer",
    begin: [`kubectl set env ${agents} IP_COOLDOWN_PERIOD=short`, morePods],
  },
  {
    name: "agent-nowhere",
    story: "A nodeSelector keeps DaemonSet aws-node from every node.",
    names: "agent-down",
    tells: "the node agent (aws-node) does not answer",
    begin: [
      `kubectl patch ${agents} --type merge -p '{"spec":{"template":{"spec":{"nodeSelector":{"pool":"none"}}}}}'`,
      `kubectl wait ${agents} --for=jsonpath='{.status.currentNumberScheduled}'=0 --timeout=60s`,
      morePods,
    ],
  },
  {
    name: "controller-down",
    story: "Somebody scales the controller to nothing.",
    names: "controller-down",
    tells: "the controller has not answered",
    begin: [
      "kubectl scale deployment berth-controller -n kube-system --replicas=0",
      "kubectl wait pod -n kube-system -l app.kubernetes.io/name=berth-controller --for=delete --timeout=60s",
      morePods,
    ],
  },
  {
    name: "iam",
    story: "The controller's role loses the policy that lets it call EC2.",
    names: "iam",
    tells: "IAM role berth-controller may not call ec2:",
    begin: [
      "aws iam delete-role-policy --role-name berth-controller --policy-name berth-controller",
      morePods,
    ],
  },
  {
    name: "throttling",
    story: "Somebody's script calls EC2 in a loop and uses up the account's request limits.",
    names: "throttling",
    tells: "EC2 throttles",
    begin: [
      // Empties the bucket, then keeps it empty for half a minute: EC2 refills it with five tokens a second.
      `${assign}[1-200]"`,
      `${assign}[201-2200]" --rate 100/s >/dev/null 2>&1 &`,
      morePods,
    ],
  },
  {
    name: "over-packed",
    story: "MAX_ENI leaves a node fewer addresses than it advertises pods.",
    names: "over-packed",
    tells: "cannot attach another ENI",
    begin: [
      `kubectl set env ${agents} MAX_ENI=2`,
      rolledOut,
      "kubectl cordon -l topology.kubernetes.io/zone=us-west-2a",
      scale(22),
      "kubectl wait pod -n shop -l app=web --for=condition=PodScheduled --timeout=60s",
      "kubectl uncordon -l topology.kubernetes.io/zone=us-west-2a",
    ],
    afterwards: [uncordon, `kubectl set env ${agents} MAX_ENI-`, rolledOut],
  },
  {
    name: "subnet-full",
    story: "The subnet of a zone has eleven addresses.",
    names: "subnet-full",
    tells: "can give an address",
    begin: [patch("us-west-2a", { subnet: tinyA }), restarted, scale(24)],
  },
  {
    name: "leaked-interfaces",
    story: "ENIs of nodes that are gone hold the addresses of a small subnet.",
    names: "subnet-full",
    tells: "can give an address",
    begin: [
      `aws ec2 create-network-interface --subnet-id ${tinyA} --secondary-private-ip-address-count 7 --description aws-K8S-i-0de00000000000000 --tag-specifications 'ResourceType=network-interface,Tags=[{Key=node.k8s.amazonaws.com/instance_id,Value=i-0de00000000000000},{Key=node.k8s.amazonaws.com/createdAt,Value=2026-01-01T00:00:00Z}]' --query NetworkInterface.NetworkInterfaceId --output text`,
      patch("us-west-2a", { subnet: tinyA }),
      scale(9),
    ],
  },
  {
    name: "pool-full",
    story: "The pool of a namespace has one small subnet.",
    names: "subnet-full",
    tells: "can give an address",
    begin: [
      `kubectl apply -f - <<'END'\n${pool}END`,
      "kubectl create deployment jobs -n batch --image=registry.example/whoami:1 --replicas=24",
    ],
    afterwards: ["kubectl delete deployment jobs -n batch", "kubectl delete namespace batch"],
  },
  {
    name: "fragmentation",
    story: "Single addresses spoil every /28 block of the subnet that prefixes come from.",
    names: "S06",
    begin: [
      `aws ec2 create-network-interface --subnet-id ${smallA} --private-ip-address 100.64.3.88 --query NetworkInterface.NetworkInterfaceId --output text`,
      `aws ec2 create-network-interface --subnet-id ${smallA} --private-ip-address 100.64.3.104 --query NetworkInterface.NetworkInterfaceId --output text`,
      patch("us-west-2a", { subnet: smallA }),
      `kubectl set env ${agents} ENABLE_PREFIX_DELEGATION=true`,
      rolledOut,
    ],
    afterwards: [`kubectl set env ${agents} ENABLE_PREFIX_DELEGATION-`, rolledOut],
  },
  {
    name: "cool-down",
    story:
      "All pods of a full node are replaced at once, and addresses rest before they are used again.",
    names: "cool-down",
    begin: [
      `kubectl set env ${agents} MAX_ENI=2 IP_COOLDOWN_PERIOD=20`,
      rolledOut,
      "kubectl cordon -l topology.kubernetes.io/zone=us-west-2a",
      scale(14),
      "kubectl rollout status deployment web -n shop --timeout=60s",
      restarted,
    ],
    afterwards: [uncordon, `kubectl set env ${agents} MAX_ENI- IP_COOLDOWN_PERIOD=1`, rolledOut],
  },
  {
    name: "old-pods",
    story: "Pods from before custom networking keep addresses of the nodes' own subnets.",
    names: "N04",
    begin: [
      `kubectl set env ${agents} AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=false`,
      rolledOut,
      "kubectl rollout restart deployment web -n shop",
      "kubectl rollout status deployment web -n shop --timeout=60s",
      `kubectl set env ${agents} AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true`,
      rolledOut,
    ],
  },
]
