import { grantCommand } from "../iam/grant-command.ts"
import { type CauseTest, said } from "./outage-case.ts"

export const credentials: CauseTest = (of) => {
  const evidence = said(
    of,
    /ec2\/credentials|AWS does not accept the credentials|ExpiredToken|InvalidClientTokenId|AuthFailure|NoCredentialProviders|no EC2 IMDS role found/,
  )
  if (evidence.length === 0) return undefined
  const berth = of.examination.index.snapshot.cluster.daemonSet?.berth === true
  const account = berth ? "berth-controller" : "aws-node"
  return {
    says: "AWS does not accept the credentials of the plugin",
    evidence,
    fix: {
      kind: "tell",
      says: `Check the role of service account ${account} (IRSA or Pod Identity), and that it exists.`,
      command: `kubectl get serviceaccount ${account} -n kube-system -o yaml`,
    },
  }
}

export const iam: CauseTest = (of) => {
  const evidence = said(
    of,
    /UnauthorizedOperation|MissingIAMPermissions|ec2\/unauthorized|may not call ec2/,
  )
  if (evidence.length === 0) return undefined
  const berth = of.examination.index.snapshot.cluster.daemonSet?.berth === true
  return {
    says: "IAM forbids the calls that get addresses",
    evidence,
    fix: {
      kind: "plan",
      says: "Give the role the policy of the plugin.",
      command: grantCommand(evidence, berth),
    },
  }
}

export const throttling: CauseTest = (of) => {
  const { index } = of.examination
  const slowed = index
    .nodeNetwork(of.node.name)
    ?.status?.conditions.find((c) => c.type === "Throttled" && c.status === "True")
  const evidence = [
    ...said(of, /RequestLimitExceeded|Throttling|ec2\/throttled|EC2 throttles/),
    ...(slowed?.message === undefined ? [] : [slowed.message]),
  ]
  if (evidence.length === 0) return undefined
  return {
    says: "EC2 throttles the calls that get addresses; they come later",
    evidence: [...new Set(evidence)],
    fix: {
      kind: "auto",
      says: "Wait: the calls are repeated. If it lasts, look in CloudTrail for who else calls EC2 so often in this account and region, start fewer nodes at once, or use prefixes, which need fewer calls.",
    },
  }
}

export const podENI: CauseTest = (of) => {
  const evidence = said(of, /vpc\.amazonaws\.com\/pod-eni|BranchAllocationFailed|branch ENI/i)
  if (evidence.length === 0) return undefined
  return {
    says: "the pod waits for a branch ENI of the managed control plane",
    evidence,
    fix: {
      kind: "tell",
      says: "See the events of the pod, and whether the node's CNINode has the feature SecurityGroupsForPods.",
      command: `kubectl describe cninode ${of.node.name}`,
    },
  }
}

export const backOff: CauseTest = (of) => {
  const evidence = said(of, /Recently we had InsufficientCidr error|tried again in \d+ s/)
  if (evidence.length === 0) return undefined
  return {
    says: "the plugin waits after EC2 had no address (the VPC CNI for 120 s, for the whole node)",
    evidence,
    fix: {
      kind: "auto",
      says: "Wait two minutes; restarting aws-node on the node ends it sooner.",
    },
  }
}
