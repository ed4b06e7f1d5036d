import { entry } from "./berth-error.ts"

/** Why the controller cannot start. */
export const controllerErrors = {
  "controller/bad-environment": entry<{ variable: string; why: string }>({
    says: (d) => `the environment of the controller cannot be used: ${d.variable}: ${d.why}`,
    hint: "Set it with `kubectl set env deployment berth-controller -n kube-system NAME=VALUE`.",
    exit: 78,
  }),
}
