import type { Scenario } from "../scenario.ts"
import { plain } from "../scenarios/plain.ts"
import { whoamiWorkload } from "../scenarios/whoami-workload.ts"

/** Two zones with one node each, room everywhere, a quick cloud, and an application of two pods. */
export const quietScenario: Scenario = {
  ...plain,
  name: "quiet",
  clusterName: "quiet",
  instances: plain.instances.map((instance) => ({
    ...instance,
    userData:
      "#!/bin/bash\n/etc/eks/bootstrap.sh quiet --kubelet-extra-args '--node-labels=team=a'\n",
  })),
  manifests: [whoamiWorkload({ namespace: "default", name: "web", replicas: 2 })],
}
