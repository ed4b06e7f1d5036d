import { type Call, text } from "../command.ts"
import { commands } from "../commands.ts"
import { bash } from "../completion/bash.ts"
import { fish } from "../completion/fish.ts"
import { zsh } from "../completion/zsh.ts"

const shells = { bash, zsh, fish }

export async function run(call: Call): Promise<number> {
  const shell = shells[call.args[0] as keyof typeof shells]
  call.stdout.write(shell(commands, text(call, "program") ?? "berth"))
  return 0
}
