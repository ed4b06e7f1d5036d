import type { CloudInstance } from "../../ec2/memory/records.ts"
import { bootMachine, type Machine, type MachineHost } from "./machine.ts"

export interface Machines extends AsyncDisposable {
  /** By node name. */
  get(name: string): Machine | undefined
  list(): Machine[]
}

/** When the whole lab ends, its programs may end in order, which also keeps the code they have compiled. */
const endGraceMs = 1_500

/** Boots a machine for every instance that runs and halts it when the cloud ends it. */
export function followInstances(host: MachineHost): Machines {
  const { cloud, log } = host
  const machines = new Map<string, Machine>()
  /** The last step of each instance: boot and halt of one never overlap. */
  const steps = new Map<string, Promise<void>>()
  let closing = false
  const step = async (id: string) => {
    const wanted = !closing && cloud.core.tables.instance.get(id)?.state === "running"
    const machine = machines.get(id)
    if (wanted && !machine) {
      const instance = cloud.core.tables.instance.get(id)
      if (instance) machines.set(id, await bootMachine(host, instance))
    } else if (!wanted && machine) {
      machines.delete(id)
      await machine.halt(closing ? endGraceMs : 0)
    }
  }
  const look = (id: string) => {
    const next = (steps.get(id) ?? Promise.resolve())
      .then(() => step(id))
      .catch((error: unknown) =>
        log.error("instance not brought to its state", { instance: id, error: String(error) }),
      )
      .finally(() => {
        if (steps.get(id) === next) steps.delete(id)
      })
    steps.set(id, next)
    return next
  }
  const stop = cloud.onChange((change) => {
    if (change.kind !== "instance") return
    const instance: CloudInstance | undefined = change.after ?? change.before
    if (instance && change.before?.state !== change.after?.state) void look(instance.id)
  })
  for (const instance of cloud.core.tables.instance.all()) void look(instance.id)
  return {
    get: (name) => [...machines.values()].find((m) => m.name === name),
    list: () => [...machines.values()],
    async [Symbol.asyncDispose]() {
      stop()
      closing = true
      await Promise.all([...machines.keys(), ...steps.keys()].map(look))
    },
  }
}
