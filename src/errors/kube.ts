import { entry } from "./berth-error.ts"

/** Why the Kubernetes API cannot be used at all. Answers of the API itself are `KubeError`s. */
export const kubeErrors = {
  "kube/bad-config": entry<{ file: string; why: string }>({
    says: (d) => `the Kubernetes configuration ${d.file} cannot be used: ${d.why}`,
    hint: "Set KUBECONFIG or --kubeconfig to a valid file, or run inside the cluster with a service account.",
    exit: 78,
  }),
  "kube/no-credentials": entry<{ command: string; why: string }>({
    says: (d) =>
      `the credential plugin "${d.command}" of the kubeconfig gave no credentials: ${d.why}`,
    hint: "Run the command by hand; log in again if it asks for it (aws sso login, aws configure).",
    exit: 77,
  }),
}
