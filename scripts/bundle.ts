// Builds what the images hold into dist/: for each process a folder with one readable module, source maps, and modules
// that are loaded only when they are needed (the official Kubernetes client, credential providers). The agent's folder
// holds the CNI plugin too. Arguments: agent, controller; both by default.
import { chmodSync, copyFileSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { relayBinary } from "../src/cni/relay-binary.ts"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
// Bundled CommonJS packages ask for Node's own modules with require, which ESM lacks.
const requireInModules =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);'

const processes = ["agent", "controller"] as const
type Process = (typeof processes)[number]

/** Bundles a process into dist/NAME; returns the path of its program. */
export async function bundle(name: Process): Promise<string> {
  const folder = join(root, "dist", name)
  rmSync(folder, { recursive: true, force: true })
  await build({
    entryPoints: { [name]: join(root, "src", name, "main.ts") },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: true,
    sourcesContent: false,
    // Loads its platform's native library from its own package.
    external: ["koffi"],
    banner: { js: requireInModules },
    logLevel: "warning",
  })
  if (name === "agent") await addPlugin(folder)
  return join(folder, `${name}.mjs`)
}

async function addPlugin(folder: string): Promise<void> {
  const relay = await relayBinary()
  if (relay.kind !== "c") throw new Error("berth-cni is not compiled: there is no C compiler (cc)")
  const path = join(folder, "berth-cni")
  copyFileSync(relay.path, path)
  chmodSync(path, 0o755)
}

if (import.meta.main) {
  const wanted = process.argv.slice(2)
  for (const name of processes)
    if (wanted.length === 0 || wanted.includes(name)) console.log(await bundle(name))
}
