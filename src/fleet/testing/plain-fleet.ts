import type { ChangeRequest } from "../change/change-request.ts"
import type { AwsFacts, ClusterFacts, EksFacts, Snapshot } from "../snapshot.ts"
import { node, smallFleet } from "./small-fleet.ts"

/** The small fleet before custom networking: nodes' subnets only, and the stock plugin. */
export function plainFleet(change: { addon?: NonNullable<EksFacts["addon"]> } = {}): Snapshot {
  const healthy = smallFleet()
  const aws = healthy.aws as AwsFacts
  const daemonSet = healthy.cluster.daemonSet as NonNullable<ClusterFacts["daemonSet"]>
  return smallFleet({
    cluster: {
      eniConfigs: [],
      nodes: [node("a", { allocatablePods: 29 }), node("b", { allocatablePods: 29 })],
      daemonSet: { ...daemonSet, berth: false, env: {} },
    },
    aws: {
      vpc: { id: "vpc-1", tags: {}, cidrs: (aws.vpc?.cidrs ?? []).slice(0, 1) },
      subnets: aws.subnets.filter((s) => s.id.startsWith("subnet-nodes")),
      interfaces: aws.interfaces.filter((i) => i.attachment?.deviceIndex === 0),
      ...(change.addon && {
        eks: { version: "1.35", ipFamily: "ipv4", subnetIds: [], addon: change.addon },
      }),
    },
  })
}

export const planRequest: ChangeRequest = { customNetworking: true, block: "100.64.0.0/16" }
