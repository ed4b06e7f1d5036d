import "../lean-heap.ts"
import { readFileSync } from "node:fs"
import { nodes } from "../api/resources.ts"
import { systemClock } from "../clock.ts"
import { sdkEc2 } from "../ec2/sdk/sdk-ec2.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import { jsonLog } from "../json-log.ts"
import { clientKube } from "../kube/client/client-kube.ts"
import type { Kube } from "../kube/kube.ts"
import { rotateNodes } from "../rotation/rotate-nodes.ts"
import { readConfig } from "./config.ts"
import { runController } from "./controller.ts"

/** Runs until SIGTERM or SIGINT, then releases the lease. Exit codes: sysexits(3), by the error that stopped it. */
async function main(): Promise<void> {
  const config = readConfig(process.env)
  const log = jsonLog(config.logLevel)
  const { version } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  ) as { version: string }
  const stop = new AbortController()
  for (const name of ["SIGTERM", "SIGINT"] as const)
    process.once(name, () => {
      log.logger.info("controller stops", { signal: name })
      stop.abort(new DOMException(name, "AbortError"))
    })
  process.on("SIGUSR2", () => {
    log.level = log.level === "debug" ? config.logLevel : "debug"
    log.logger.warn("log level changed", { level: log.level })
  })
  using kube = clientKube({ userAgent: `berth-controller/${version}` })
  const region = config.region ?? (await regionOfNodes(kube))
  const { identity, clusterName } = config
  log.logger.info("controller starts", { version, region, identity, clusterName })
  const ports = { kube, clock: systemClock, random: Math.random, log: log.logger }
  await runController(
    {
      ...{ ...ports, config },
      // The call budget repeats calls; the SDK must not do so besides.
      ec2: sdkEc2({ region, maxAttempts: 1 }),
      whileLeading: (signal, holdsLease) => rotateNodes({ ...ports, region, holdsLease }, signal),
    },
    stop.signal,
  )
}

/** Without AWS_REGION: every node of EKS says where it is, so no instance metadata is needed. */
async function regionOfNodes(kube: Kube): Promise<string> {
  const { items } = await kube.list(nodes)
  const found = items.flatMap(
    (node) => node.metadata.labels?.["topology.kubernetes.io/region"] ?? [],
  )
  if (found[0] !== undefined) return found[0]
  const why = "it is not set, and no node has the label topology.kubernetes.io/region"
  throw fail("controller/bad-environment", { variable: "AWS_REGION", why })
}

try {
  await main()
} catch (error) {
  const known = error instanceof BerthError
  const message = error instanceof Error ? error.message : String(error)
  const more = known ? { code: error.code, hint: error.hint } : { stack: (error as Error).stack }
  process.stderr.write(`${JSON.stringify({ level: "fatal", msg: message, ...more })}\n`)
  process.exitCode = known ? error.exit : 70
}
