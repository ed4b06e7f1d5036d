// Builds what the images hold: one readable CommonJS file an executable (faster to start than ESM or the sources), with
// source maps. koffi stays outside because it loads its platform's native library from its own package.
import { rmSync } from "node:fs"
import { build } from "esbuild"

const entries = {
  agent: "src/agent/main.ts",
  controller: "src/controller/main.ts",
  berth: "src/cli/main.ts",
}

rmSync("dist", { recursive: true, force: true })
for (const [name, entry] of Object.entries(entries)) {
  const result = await build({
    entryPoints: [entry],
    outfile: `dist/${name}.cjs`,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    sourcemap: true,
    metafile: true,
    external: ["koffi"],
    // CommonJS has no import.meta; files beside the bundle are found relative to it.
    define: { "import.meta.url": "__bundleUrl" },
    banner: { js: 'const __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: "warning",
  })
  const bytes = Object.values(result.metafile.outputs).reduce((n, o) => Math.max(n, o.bytes), 0)
  console.log(`dist/${name}.cjs  ${(bytes / 1024).toFixed(0)} KiB`)
}
