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
  "rotation/under-way": entry<{ where: string; done: number; total: number; phase: string }>({
    says: (d) =>
      `a rotation of this cluster is not finished (${d.where}: ${d.phase}, ${d.done} of ${d.total} nodes)`,
    hint: "See it with berth rotate --watch; go on with --resume, take it back with --undo.",
    exit: 75,
  }),
  "rotation/none": entry<{ cluster: string }>({
    says: (d) => `no rotation of ${d.cluster} is under way`,
    hint: "Start one with berth rotate.",
    exit: 66,
  }),
  "rotation/hidden": entry<{ why: string }>({
    says: (d) => `the rotations of this cluster cannot be seen, and one may be under way: ${d.why}`,
    hint: "Ask for the right to get, list, create and patch noderotations.berth.dev; with --local it is carried out from here regardless.",
    exit: 77,
  }),
  "rotation/bad-state": entry<{ file: string; why: string }>({
    says: (d) => `the record of the rotation in ${d.file} cannot be used: ${d.why}`,
    hint: "Look at the nodes (kubectl get nodes), uncordon those that should serve, remove the file, and start anew.",
    exit: 65,
  }),
  "rotation/not-taken-up": entry<{ name: string }>({
    says: (d) => `Berth's controller does not take NodeRotation ${d.name} up`,
    hint: "See kubectl logs -n kube-system deployment/berth-controller; berth rotate --local carries it out from here.",
    exit: 69,
  }),
  "rotation/other-process": entry<{ pid: number }>({
    says: (d) => `process ${d.pid} carries this rotation out already`,
    hint: "It takes up --pause, --resume and --undo by itself; watch it there.",
    exit: 75,
  }),
}
