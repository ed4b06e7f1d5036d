import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process"
import type { NetNamespace } from "../../kernel/kernel.ts"
import { boundToParent } from "./requirements.ts"

/**
 * Starts a program inside a network namespace. A child is born in the namespace of the thread that forks it
 * (network_namespaces(7)), and libuv forks in the calling thread, so no nsenter has to be executed in between.
 * Without a namespace (the hollow fabric) it starts where this process is, and dies with it: there is no PID
 * namespace then that would end it.
 */
export function runInNamespace(
  namespace: NetNamespace | undefined,
  command: readonly [string, ...string[]],
  options: SpawnOptions,
): ChildProcess {
  const [program, ...args] = namespace ? command : [...boundToParent(), ...command]
  const start = () => spawn(program as string, args, options)
  return namespace ? namespace.enter(start) : start()
}
