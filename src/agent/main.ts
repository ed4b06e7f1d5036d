import "../lean-heap.ts"
import "./no-turbofan.ts"
import { fileURLToPath } from "node:url"
import { systemClock } from "../clock.ts"
import { BerthError } from "../errors/berth-error.ts"
import { memoryKernel } from "../kernel/memory/memory-kernel.ts"
import { netlinkKernel } from "../kernel/netlink/netlink-kernel.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import { startAgent } from "./agent.ts"
import { agentLog } from "./agent-log.ts"
import { readConfig } from "./config.ts"
import { hostDisk } from "./disk.ts"

/** Runs until SIGTERM or SIGINT. Exit codes: sysexits(3), by the error that stopped it. */
async function main(): Promise<void> {
  const { config, notices } = readConfig(process.env)
  const { values } = config
  const log = agentLog(values.AWS_VPC_K8S_CNI_LOGLEVEL, values.AWS_VPC_K8S_CNI_LOG_FILE)
  const version = ownVersion()
  const memory = values.BERTH_KERNEL === "memory" ? memoryKernel({ openMakes: true }) : undefined
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => log.flush())
  const kube = cleanup.use(clientKube({ userAgent: `berth-agent/${version}` }))
  const stopping = Promise.race(
    ["SIGTERM", "SIGINT"].map(
      (name) => new Promise((resolve) => process.once(name, () => resolve(name))),
    ),
  )
  cleanup.use(
    await startAgent({
      config,
      notices,
      kube,
      kernel: memory ?? netlinkKernel(),
      ...(memory && { plug: (mac: string) => memory.plug(mac) }),
      disk: hostDisk,
      clock: systemClock,
      random: Math.random,
      log,
      version,
    }),
  )
  log.logger.info("agent stops", { signal: await stopping })
}

/** From the package's manifest: two folders up in the sources, one in a bundle. */
function ownVersion(): string {
  for (const path of ["../../package.json", "../package.json"]) {
    const manifest = hostDisk.read(fileURLToPath(new URL(path, import.meta.url)))
    const { name, version } = JSON.parse(manifest?.toString() ?? "{}")
    if (name === "berth") return version
  }
  return "unknown"
}

main().catch((error: unknown) => {
  const known = error instanceof BerthError
  const message = error instanceof Error ? error.message : String(error)
  const fields = known ? { code: error.code, hint: error.hint } : { stack: (error as Error).stack }
  process.stderr.write(`${JSON.stringify({ level: "fatal", msg: message, ...fields })}\n`)
  process.exitCode = known ? error.exit : 70
})
