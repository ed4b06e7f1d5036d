import { Exec, KubeConfig } from "@kubernetes/client-node"
import type { Arguments } from "./arguments.ts"

/** `exec -n NAMESPACE POD -- COMMAND...`; the exit code is the command's. */
export async function exec(args: Arguments): Promise<number> {
  const config = new KubeConfig()
  config.loadFromDefault()
  const namespace = args.options.get("namespace") ?? "default"
  const pod = (args.words[0] ?? "").replace(/^pod\//, "")
  const container = args.options.get("container") ?? ""
  return new Promise((resolve, reject) => {
    new Exec(config)
      .exec(
        namespace,
        pod,
        container,
        [...args.rest],
        process.stdout,
        process.stderr,
        null,
        false,
        (status) => {
          const cause = status.details?.causes?.find((c) => c.reason === "ExitCode")
          resolve(status.status === "Success" ? 0 : Number(cause?.message ?? 1))
        },
      )
      .catch(reject)
  })
}
