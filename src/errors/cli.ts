import { entry } from "./berth-error.ts"

/** What a user of the command line can get wrong. Exit codes: sysexits(3). */
export const cliErrors = {
  "cli/unreadable-file": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} cannot be read: ${d.why}`,
    hint: "Check the path and its permissions.",
    exit: 66,
  }),
  "cli/bad-option": entry<{ option: string; value: string; expected: string }>({
    says: (d) => `${d.option}: "${d.value}" is not ${d.expected}`,
    hint: "Run the command with --help for its options.",
    exit: 64,
  }),
  "cli/unwritable-file": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} cannot be written: ${d.why}`,
    hint: "Check the folder and its permissions; nothing was left behind.",
    exit: 73,
  }),
  "cli/bad-snapshot": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} is not a usable snapshot: ${d.why}`,
    hint: "Take it again with: berth snapshot -o FILE",
    exit: 65,
  }),
  "cli/no-cluster": entry<{ server: string; why: string }>({
    says: (d) => `the cluster at ${d.server} cannot be read: ${d.why}`,
    hint: "Check --context and --kubeconfig (kubectl config get-contexts), or use --snapshot FILE.",
    exit: 69,
  }),
  "cli/refused": entry<{ server: string }>({
    says: (d) => `the cluster at ${d.server} does not accept the credentials (expired?)`,
    hint: "Log in again (aws sso login, aws eks update-kubeconfig), or use another --context.",
    exit: 77,
  }),
  "cli/not-read": entry<{ what: string; why: string }>({
    says: (d) => `${d.what} were not read: ${d.why}`,
    hint: "berth iam read prints the rights in AWS; a snapshot taken with them can be explained anywhere.",
    exit: 69,
  }),
  "cli/not-found": entry<{ kind: string; name: string; near: readonly string[] }>({
    says: (d) => `there is no ${d.kind} "${d.name}"`,
    hint: (d) =>
      d.near.length > 0 ? `Did you mean ${d.near.join(" or ")}?` : "List them with: berth status",
    exit: 1,
  }),
  "cli/no-imds": entry<{ endpoint: string; why: string }>({
    says: (d) => `the instance metadata at ${d.endpoint} cannot be read: ${d.why}`,
    hint: "Run it on an EC2 instance whose metadata hop limit reaches this process, or use --instance-type.",
    exit: 69,
  }),
  "cli/bad-archive": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} is not a usable log or bundle: ${d.why}`,
    hint: "Give an aws-node log, an archive of EKS's log collector, or one of berth debug bundle.",
    exit: 65,
  }),
  "cli/bad-plan": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} cannot be used: ${d.why}`,
    hint: "Make a plan with: berth plan --write FOLDER",
    exit: 65,
  }),
  "cli/plan-blocked": entry<{ why: string }>({
    says: (d) => `the plan cannot be carried out: ${d.why}`,
    hint: "Mend that, then plan again: berth plan --write FOLDER",
    exit: 1,
  }),
  "cli/plan-elsewhere": entry<{ why: string }>({
    says: (d) => `the plan is for another cluster than this one: ${d.why}`,
    hint: "Check --context, --kubeconfig and the AWS account (aws sts get-caller-identity).",
    exit: 1,
  }),
  "cli/apply-under-way": entry<{ why: string }>({
    says: (d) => `no two may carry out plans on a cluster at the same time: ${d.why}`,
    hint: "Wait for the other, or ask its owner; kubectl get lease -n kube-system berth-apply names it.",
    exit: 75,
  }),
  "cli/step-failed": entry<{ step: string; why: string }>({
    says: (d) => `${d.step}: ${d.why}`,
    hint: "Mend that and run it again: it goes on where it stopped. --undo takes back what was done.",
    exit: 1,
  }),
  "cli/gate-closed": entry<{ step: string; why: string }>({
    says: (d) => `"${d.step}" is not through its gate: ${d.why}`,
    hint: "Run it again when that has changed: it goes on where it stopped. --undo takes back what was done.",
    exit: 75,
  }),
  "cli/not-confirmed": entry<{ what: string }>({
    says: (d) => `nobody agreed to ${d.what}: nothing was changed`,
    hint: "Answer y, or add --yes where there is no terminal to ask at.",
    exit: 64,
  }),
}
