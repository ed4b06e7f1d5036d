import { fail } from "../../errors/catalogue.ts"
import type {
  NodeGroupKind,
  UserDataFamily,
  UserDataRequest,
} from "../../fleet/user-data/request.ts"
import { badRequest, userData } from "../../fleet/user-data/user-data.ts"
import { type Call, list, text } from "../command.ts"
import { wholeNumber } from "../whole-number.ts"

export async function run(call: Call): Promise<number> {
  const request = requestOf(call)
  const bad = badRequest(request)
  if (bad !== undefined)
    throw fail("cli/bad-option", { option: bad.field, value: bad.value, expected: bad.expected })
  const family = (text(call, "family") ?? "al2023") as UserDataFamily
  const made = userData(
    family,
    request,
    (text(call, "nodeGroup") ?? "self-managed") as NodeGroupKind,
  )
  call.stdout.write(made.text)
  // Notes go to stderr, so that `berth user-data ... > user-data.txt` gives a clean file.
  for (const note of made.notes) call.stderr.write(`note: ${note}\n`)
  return 0
}

function requestOf(call: Call): UserDataRequest {
  const optional = (key: keyof UserDataRequest, option: string) => {
    const value = text(call, option)
    return value === undefined ? {} : { [key]: value }
  }
  const eniConfig = text(call, "eniConfig")
  return {
    cluster: call.args[0] ?? "",
    maxPods: wholeNumber(call, "maxPods", { least: 1, most: 2000 }) ?? 0,
    labels: {
      ...Object.fromEntries(list(call, "label").map(pair)),
      // The one binding that cannot lose a race: it is there when the node registers, before its first ENI.
      ...(eniConfig === undefined ? {} : { "vpc.amazonaws.com/externalEniConfig": eniConfig }),
    },
    taints: list(call, "taint"),
    ...optional("endpoint", "endpoint"),
    ...optional("certificateAuthority", "certificateAuthority"),
    ...optional("serviceCidr", "serviceCidr"),
  }
}

function pair(label: string): [string, string] {
  const at = label.indexOf("=")
  return at < 0 ? [label, ""] : [label.slice(0, at), label.slice(at + 1)]
}
