import { type PolicyRole, policy } from "../../fleet/iam/policies.ts"
import { type Call, text } from "../command.ts"

export async function run(call: Call): Promise<number> {
  const cluster = text(call, "cluster")
  const scope = {
    partition: text(call, "partition") ?? "aws",
    ...(cluster === undefined ? {} : { cluster }),
  }
  const role = (call.args[0] ?? "controller") as PolicyRole
  call.stdout.write(`${JSON.stringify(policy(role, scope), null, 2)}\n`)
  return 0
}
