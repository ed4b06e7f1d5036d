import { execFile, spawnSync } from "node:child_process"

export interface KubectlResult {
  exit: number
  stdout: string
  stderr: string
}

const program = "kubectl"

/** Undefined when the machine has kubectl, else why tests with it are skipped. */
export const whyNoKubectl = (): string | undefined =>
  spawnSync(program, ["version", "--client"]).status === 0 ? undefined : "kubectl is not installed"

/** Runs kubectl against a lab; output beyond 8 MiB is an error. */
export function kubectlFor(
  kubeconfig: string,
  env: Record<string, string> = {},
): (...args: string[]) => Promise<KubectlResult> {
  return (...args) =>
    new Promise((resolve) => {
      execFile(
        program,
        args,
        {
          env: { ...process.env, ...env, KUBECONFIG: kubeconfig },
          timeout: 60_000,
          maxBuffer: 8 << 20,
        },
        (error, stdout, stderr) => {
          const exit = error ? (typeof error.code === "number" ? error.code : 1) : 0
          resolve({ exit, stdout, stderr })
        },
      )
    })
}
