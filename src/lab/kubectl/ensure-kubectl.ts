import { access, constants, mkdir, writeFile } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export interface Kubectl {
  /** Environment in which `kubectl` is on PATH and talks to the lab. */
  readonly env: Record<string, string>
  /** The folder of Berth's own client, where the machine has none. */
  readonly own?: string
}

/** Finds kubectl, or puts a stand-in of that name on PATH (beside the kubeconfig, which goes with the lab). */
export async function ensureKubectl(
  env: Readonly<Record<string, string | undefined>>,
  kubeconfig: string,
): Promise<Kubectl> {
  const path = env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  const base = {
    ...Object.fromEntries(
      Object.entries(env).filter((e): e is [string, string] => e[1] !== undefined),
    ),
    KUBECONFIG: kubeconfig,
  }
  if (await onPath("kubectl", path)) return { env: { ...base, PATH: path } }
  const folder = await placeOwnKubectl(dirname(kubeconfig))
  return { env: { ...base, PATH: `${folder}${delimiter}${path}` }, own: folder }
}

/** Puts Berth's own small kubectl into a folder below `parent`; returns that folder, to be put on PATH. */
export async function placeOwnKubectl(parent: string): Promise<string> {
  const folder = join(parent, "bin")
  await mkdir(folder, { recursive: true })
  const entry = join(dirname(fileURLToPath(import.meta.url)), "own-kubectl.ts")
  await writeFile(
    join(folder, "kubectl"),
    `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${entry}' "$@"\n`,
    { mode: 0o755 },
  )
  return folder
}

async function onPath(program: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    try {
      await access(join(folder, program), constants.X_OK)
      return true
    } catch {
      // Not in this folder: look in the next.
    }
  }
  return false
}
