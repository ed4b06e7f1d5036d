import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { CloudInstance } from "../../ec2/memory/records.ts"
import type { Logger } from "../../log.ts"
import { nodeName } from "../kubelet/node/node-object.ts"
import type { Machine } from "./machine.ts"

export interface Machines extends AsyncDisposable {
  /** By node name. */
  get(name: string): Machine | undefined
  list(): Machine[]
}

export interface MachinesOptions {
  cloud: Cloud
  clock: Clock
  log: Logger
  boot: (instance: CloudInstance) => Promise<Machine>
}

/** When the whole lab ends, its programs may end in order, which also keeps the code they have compiled. */
const endGraceMs = 1_500
/** A machine that did not boot is tried again; its instance runs, so it never counts as given up. */
const retryMs = 2_000

/** Boots a machine for every instance that runs and halts it when the cloud ends it. */
export function followInstances(options: MachinesOptions): Machines {
  const { cloud, clock, log, boot } = options
  const { instance: instances } = cloud.core.tables
  const machines = new Map<string, Machine>()
  /** Steps go one after another per node name: an address, and with it the name, may be taken again at once. */
  const steps = new Map<string, Promise<void>>()
  const closing = new AbortController()
  const step = async (instance: CloudInstance): Promise<void> => {
    const { id } = instance
    const wanted = !closing.signal.aborted && instances.get(id)?.state === "running"
    const machine = machines.get(id)
    if (wanted && !machine) machines.set(id, await boot(instance))
    else if (!wanted && machine) {
      machines.delete(id)
      await machine.halt(closing.signal.aborted ? endGraceMs : 0)
    }
  }
  const look = (instance: CloudInstance): Promise<void> => {
    const name = nodeName({ ...instance, region: cloud.region })
    const next = (steps.get(name) ?? Promise.resolve())
      .then(() => step(instance))
      .catch((error: unknown) => {
        log.error("instance not brought to its state", {
          instance: instance.id,
          error: String(error),
        })
        clock.sleep(retryMs, closing.signal).then(
          () => look(instance),
          () => {},
        )
      })
      .finally(() => {
        if (steps.get(name) === next) steps.delete(name)
      })
    steps.set(name, next)
    return next
  }
  const stop = cloud.onChange((change) => {
    if (change.kind !== "instance") return
    const instance = change.after ?? change.before
    if (instance && change.before?.state !== change.after?.state) void look(instance)
  })
  for (const instance of instances.all()) void look(instance)
  return {
    get: (name) => [...machines.values()].find((m) => m.name === name),
    list: () => [...machines.values()],
    async [Symbol.asyncDispose]() {
      stop()
      closing.abort()
      await Promise.all(steps.values())
      await Promise.all([...machines.values()].map((m) => look(m.instance)))
    },
  }
}
