import { BerthError } from "../../errors/berth-error.ts"
import { isError } from "../../errors/catalogue.ts"
import { keyText } from "../../ipam/held.ts"
import type { CniCall, CniCommand } from "../cni-call.ts"
import { add } from "./add.ts"
import { check } from "./check.ts"
import type { CallContext } from "./context.ts"
import { del } from "./del.ts"
import { gc } from "./gc.ts"
import { status } from "./status.ts"

/** Answers any CNI call; counts it, and logs it when it fails. */
export async function answer(call: CniCall, c: CallContext): Promise<string> {
  const { command } = call
  if (command === "ADD") c.metrics.awscni_add_ip_req_count.inc()
  try {
    const output = await commands[command](call, c)
    c.metrics.berth_cni_calls_total.inc({ command, code: "" })
    return output
  } catch (error) {
    const code = error instanceof BerthError ? error.code : "unexpected"
    c.metrics.berth_cni_calls_total.inc({ command, code })
    if (isError(error, "cni/no-address")) c.metrics.awscni_no_available_ip_addresses.inc()
    const { key, pod } = call
    const detail = code === "unexpected" ? { stack: (error as Error).stack } : {}
    const why = (error as Error).message
    c.log.warn(`CNI ${command} failed`, { pod, container: key.containerID, code, why, ...detail })
    throw error
  }
}

type Command = (call: CniCall, c: CallContext) => Promise<string>

const locked =
  (command: Command): Command =>
  (call, c) =>
    c.locks.run(keyText(call.key), () => command(call, c))

const commands: Record<CniCommand, Command> = {
  ADD: locked(add),
  DEL: locked(del),
  CHECK: locked(check),
  GC: gc,
  STATUS: (_, c) => status(c),
}
