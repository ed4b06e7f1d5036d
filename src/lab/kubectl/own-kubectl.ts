// A small kubectl for machines that have none: the verbs of the documented procedure, with kubectl's own words.
import { clientKube } from "../../kube/client/client-kube.ts"
import { parseArguments } from "./arguments.ts"
import { verbs } from "./verbs.ts"

const [verb = "", ...rest] = process.argv.slice(2)
const run = verbs[verb]
if (run === undefined) {
  console.error(
    `error: unknown command "${verb}" for Berth's own small kubectl (it has: ${Object.keys(verbs).join(", ")})`,
  )
  process.exit(1)
}
const kube = clientKube()
try {
  process.exitCode = await run(kube, parseArguments(rest))
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  kube[Symbol.dispose]()
}
