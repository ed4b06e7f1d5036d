import { agentMetricsTable } from "../src/agent/agent-metrics.ts"
import { environmentPage } from "../src/agent/environment/environment-page.ts"
import { generatedPages } from "../src/cli/reference/generated-pages.ts"
import { controllerMetricsTable } from "../src/controller/controller-metrics.ts"
import { metricsPage } from "../src/metrics/metrics-page.ts"

const programs = [
  { title: "Agent", table: agentMetricsTable },
  { title: "Controller", table: controllerMetricsTable },
]

/** Every page that is made from tables in code, by the file that holds it. */
export const referencePages: Readonly<Record<string, () => string>> = {
  ...generatedPages,
  "docs/environment.md": environmentPage,
  "docs/metrics.md": () => metricsPage(programs),
}
