import { entry } from "./berth-error.ts"

/** Why a rotation of nodes cannot go on. */
export const rotationErrors = {
  "rotation/unauthorized": entry<{ action: string }>({
    says: (d) => `IAM forbids ${d.action}`,
    hint: "Attach the policy that `berth iam rotate` prints.",
    exit: 77,
  }),
  "rotation/refused": entry<{ action: string; code: string; message: string }>({
    says: (d) => `AWS refused ${d.action}: ${d.code}: ${d.message}`,
    hint: "The rotation tries again; see the scaling activities of the group.",
  }),
  "rotation/group-gone": entry<{ group: string }>({
    says: (d) => `the Auto Scaling group ${d.group} does not exist (any more)`,
    hint: "Its nodes cannot be replaced: leave them out, or undo the rotation.",
  }),
}
