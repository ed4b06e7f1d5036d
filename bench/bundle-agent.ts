import { copyFileSync, mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { relayBinary } from "../src/cni/relay-binary.ts"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")

/** The agent as its image has it: one file, with the plugin beside it. Returns its path. */
export async function bundleAgent(): Promise<string> {
  const folder = join(root, "node_modules", ".cache", "berth", "bench")
  const outfile = join(folder, "agent.cjs")
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [join(root, "src/agent/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    // The agent reaches the API with its service account, for which the official client is not loaded.
    external: ["koffi", "@kubernetes/client-node"],
    define: { "import.meta.url": "__bundleUrl" },
    banner: { js: 'const __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: "warning",
  })
  const relay = await relayBinary()
  if (relay.kind === "c") copyFileSync(relay.path, join(folder, "berth-cni"))
  return outfile
}
