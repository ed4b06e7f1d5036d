// Stands in for src/lab/world.ts in the sandbox's tests: says what it sees, starts a child, ends when asked.
import { readdirSync } from "node:fs"
import { networkInterfaces } from "node:os"
import { linkToLauncher } from "../control-channel.ts"
import { runInNamespace } from "../run-in-namespace.ts"

const launcher = linkToLauncher()
const [mode] = process.argv.slice(2)
if (mode === "fail") {
  launcher.tell({
    event: "failed",
    code: "lab/x",
    message: "the cloud is missing",
    hint: "Buy one.",
  })
  process.exitCode = 1
} else if (mode === "crash") {
  throw new Error("a defect")
} else {
  launcher.tell({ event: "progress", text: "starting" })
  const child = runInNamespace(undefined, ["sleep", "1000"], { stdio: "ignore" })
  launcher.tell({
    event: "ready",
    facts: {
      pid: String(process.pid),
      uid: String(process.getuid?.()),
      child: String(child.pid),
      namespaces: readdirSync("/run").includes("netns") ? readdirSync("/run/netns").join() : "none",
      links: Object.keys(networkInterfaces()).join(),
      hollow: process.env["BERTH_LAB_HOLLOW"] ?? "",
    },
  })
  setInterval(() => {}, 1000)
  if (mode !== "deaf") {
    await launcher.stopRequested
    process.exit(0)
  }
}
