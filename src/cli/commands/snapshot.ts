import { systemClock } from "../../clock.ts"
import { type Call, text } from "../command.ts"
import { takeSnapshot } from "../snapshot/load-snapshot.ts"
import { writeSnapshot } from "../snapshot/snapshot-file.ts"

export async function run(call: Call): Promise<number> {
  const file = text(call, "output") ?? ""
  const snapshot = await takeSnapshot(call, systemClock)
  await writeSnapshot(file, snapshot)
  const { cluster, aws } = snapshot
  const interfaces =
    aws === undefined
      ? "no AWS facts"
      : `${aws.subnets.length} subnets, ${aws.interfaces.length} ENIs`
  call.stdout.write(
    `${file}: ${cluster.nodes.length} nodes, ${cluster.pods.length} pods, ${interfaces}\n`,
  )
  for (const { what, why } of snapshot.unread) call.stderr.write(`not read: ${what}: ${why}\n`)
  return 0
}
