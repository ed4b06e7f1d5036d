import { writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { compiledCode } from "./compiled-code.ts"
import type { Lab, LabOptions } from "./lab.ts"
import { launchWorld } from "./sandbox/launch-world.ts"
import { acquireLabLock } from "./sandbox/lock.ts"
import { openRelay } from "./sandbox/relay.ts"
import { kubeconfig } from "./world/kubeconfig.ts"
import { stateFiles, type WorldFacts, type WorldInput } from "./world/state-folder.ts"

const script = fileURLToPath(new URL("./world.ts", import.meta.url))

/**
 * Starts a lab and resolves when it can be used. Rejects with lab/already-running, lab/port-in-use or lab/world-ended,
 * and leaves nothing behind then.
 */
export async function launchLab(options: LabOptions): Promise<Lab> {
  const { name, scenario, onProgress } = options
  await using undo = new AsyncDisposableStack()
  const lock = undo.use(await acquireLabLock(name))
  const files = stateFiles(lock.folder)
  const kubeRelay = undo.use(
    await openRelay({
      port: options.kubePort,
      socket: files.kubeSocket,
      what: "the Kubernetes API",
    }),
  )
  const ec2Relay = undo.use(
    await openRelay({ port: options.ec2Port, socket: files.ec2Socket, what: "the EC2 endpoint" }),
  )
  const input: WorldInput = {
    name,
    folder: lock.folder,
    scenario,
    ...(options.controlPlane === undefined ? {} : { controlPlane: options.controlPlane }),
  }
  await writeFile(files.input, JSON.stringify(input), { mode: 0o600 })
  const world = await launchWorld({
    script,
    args: [lock.folder],
    folder: lock.folder,
    env: { NODE_COMPILE_CACHE: compiledCode(dirname(lock.folder)) },
    ...(options.hollow ? { hollow: "asked for with --hollow" } : {}),
    ...(scenario.plugin === "vpc-cni" ? { hollow: "the scenario's plugin is a stand-in" } : {}),
    onEvent: (event) => event.event === "progress" && onProgress?.(event.text),
  })
  undo.defer(() => world.stop())
  const { ca, token } = world.facts as WorldFacts
  const server = `https://127.0.0.1:${kubeRelay.port}`
  await writeFile(files.kubeconfig, kubeconfig({ name: `berth-${name}`, server, ca, token }), {
    mode: 0o600,
  })
  const owned = undo.move()
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= owned.disposeAsync()
    return stopping
  }
  // A world that ended by itself leaves relays and folder, which are of no use any more.
  const ended = world.ended.then(async (end) => {
    await stop()
    return end
  })
  return {
    name,
    kubeconfig: files.kubeconfig,
    ec2Url: `http://127.0.0.1:${ec2Relay.port}`,
    region: scenario.region,
    ...(world.hollow === undefined ? {} : { hollow: world.hollow }),
    ended,
    stop,
  }
}
