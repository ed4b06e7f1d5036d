import { entry } from "./berth-error.ts"

/** Why the controller cannot start, or does nothing for a node. */
export const controllerErrors = {
  "controller/bad-environment": entry<{ variable: string; why: string }>({
    says: (d) => `the environment of the controller cannot be used: ${d.variable}: ${d.why}`,
    hint: "Set it with `kubectl set env deployment berth-controller -n kube-system NAME=VALUE`.",
    exit: 78,
  }),
  "controller/lease-stale": entry<{ action: string }>({
    says: (d) => `${d.action} is not done: the lease may be another's by now`,
    hint: "Nothing needs to be done: whoever leads goes on from the record.",
    cni: 11,
  }),
  "controller/instance-mismatch": entry<{ node: string; stated: string; known: string }>({
    says: (d) =>
      `the agent of node ${d.node} says that it runs on instance ${d.stated}, but the Node object names ${d.known}`,
    hint: "Wait if the node was just replaced; else restart the aws-node pod of the node and look who writes its NodeNetwork.",
    cni: 11,
  }),
}
