import { clientKube } from "../kube/client/client-kube.ts"
import { type Call, text } from "./command.ts"

/** The cluster that a command line names with --kubeconfig and --context, as kubectl finds it. */
export function kubeOf(call: Call): ReturnType<typeof clientKube> {
  const kubeconfig = text(call, "kubeconfig")
  const context = text(call, "context")
  return clientKube({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    env: { ...call.env },
  })
}
