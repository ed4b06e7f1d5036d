// Starts a deaf world and prints the pid of its outermost process: the victim of the tests that kill launchers.
import { fileURLToPath } from "node:url"
import { launchWorld } from "../launch-world.ts"

const [folder = "", hollow] = process.argv.slice(2)
const script = fileURLToPath(import.meta.resolve("./stand-in-world.ts"))
const world = await launchWorld({ script, args: ["deaf"], folder, ...(hollow ? { hollow } : {}) })
process.stdout.write(`${world.pid}\n`)
