#!/usr/bin/env node
// Entry of `berth`. --version is answered before anything is loaded: shells and scripts ask for it often.
import { readFileSync } from "node:fs"

// Whoever reads our output has seen enough (`berth status | head`): ended as by SIGPIPE, which Node ignores.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
  process.exit(128 + 13)
})

if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
  process.stdout.write(`${manifest.version}\n`)
} else {
  const { runCli } = await import("./run-cli.ts")
  process.exitCode = await runCli(process.argv.slice(2))
}
