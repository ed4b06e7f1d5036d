// Runs a lab in a process of its own, for tests that kill launchers: prints one JSON line when it is ready.
import { launchLab } from "../launch.ts"
import { quietScenario } from "./quiet-scenario.ts"

const [name = "test", hollow] = process.argv.slice(2)
const lab = await launchLab({
  name,
  kubePort: 0,
  ec2Port: 0,
  hollow: hollow === "hollow",
  scenario: quietScenario,
})
process.stdout.write(`${JSON.stringify({ kubeconfig: lab.kubeconfig, pid: process.pid })}\n`)
await lab.ended
