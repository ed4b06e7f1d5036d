import { entry } from "./berth-error.ts"

/** Why the lab cannot start or go on. */
export const labErrors = {
  "lab/port-in-use": entry<{ port: number; what: string }>({
    says: (d) => `port ${d.port} of 127.0.0.1, wanted for ${d.what}, is in use`,
    hint: "Stop the program that uses it, or choose another port.",
    exit: 69,
  }),
  "lab/already-running": entry<{ name: string; pid: number }>({
    says: (d) => `a lab named "${d.name}" runs already (process ${d.pid})`,
    hint: "Stop it with Ctrl-C in its terminal, or start this one with --name OTHER.",
    exit: 75,
  }),
  "lab/no-control-plane": entry<{ folder: string }>({
    says: (d) => `${d.folder} has no kube-apiserver`,
    hint: "Name the folder that holds kube-apiserver, kube-scheduler, kube-controller-manager and etcd.",
    exit: 66,
  }),
  "lab/control-plane": entry<{ program: string; why: string }>({
    says: (d) => `${d.program} of the control plane does not serve: ${d.why}`,
    hint: "Its log is in the folder control-plane of the lab's state; --control-plane names the folder of the programs.",
    exit: 69,
  }),
  "lab/invalid-name": entry<{ name: string }>({
    says: (d) => `"${d.name}" cannot name a lab`,
    hint: "Use one to sixteen letters, digits and hyphens, not beginning with a hyphen.",
    exit: 64,
  }),
  "lab/state-folder": entry<{ folder: string; why: string }>({
    says: (d) => `the lab cannot keep its state in ${d.folder}: ${d.why}`,
    hint: "Remove it, or set TMPDIR to a folder of your own.",
    exit: 73,
  }),
  "lab/outage": entry<{ name: string; line: string; why: string }>({
    says: (d) => `outage ${d.name} could not be brought about: ${d.line}: ${d.why}`,
    hint: "It takes kubectl, and for some outages the AWS CLI and curl.",
    exit: 69,
  }),
  "lab/world-ended": entry<{ why: string }>({
    says: (d) => `the lab ended before it was ready: ${d.why}`,
    hint: "Start it again with --hollow if the machine refuses namespaces; otherwise this is a defect of Berth.",
    exit: 70,
  }),
}
