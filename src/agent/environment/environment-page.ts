import { ipamVariables } from "./ipam.ts"
import { nodeVariables } from "./node.ts"
import { placementVariables } from "./placement.ts"
import { trafficVariables } from "./traffic.ts"
import { unservedVariables } from "./unserved.ts"
import type { Variable } from "./variable.ts"

const sections: readonly [string, Readonly<Record<string, Variable<unknown>>>][] = [
  ["Placement", placementVariables],
  ["Addresses", ipamVariables],
  ["Traffic", trafficVariables],
  ["Node and agent", nodeVariables],
]

/** docs/environment.md. */
export function environmentPage(): string {
  return `# Environment of the node agent

Generated from \`src/agent/environment\` by \`node scripts/docs.ts\`. Set variables on DaemonSet \`aws-node\`:
\`kubectl set env daemonset aws-node -n kube-system NAME=VALUE\`. Names and meanings are those of Amazon VPC CNI.

A value that cannot be used stops the agent (exit code 78) when a guess could put pods in the wrong subnet or break
their traffic ("refused"); else the default is used. Both are logged, and shown as an event on the node, as are
variables that Berth knows and does not serve, and names that look like typing errors.

${sections.map(([title, variables]) => `## ${title}\n\n${served(variables)}`).join("\n")}
## Known and not served

A value other than the default is reported.

| variable | default | instead |
| --- | --- | --- |
${Object.entries(unservedVariables)
  .map(([name, v]: [string, Variable<unknown>]) => row(name, v.default, v.notServed ?? v.expects))
  .join("")}`
}

const served = (variables: Readonly<Record<string, Variable<unknown>>>) =>
  `| variable | default | meaning | accepts | otherwise |\n| --- | --- | --- | --- | --- |\n${Object.entries(
    variables,
  )
    .map(([name, v]) =>
      row(name, v.default, v.says, v.expects, v.onInvalid === "refuse" ? "refused" : "default"),
    )
    .join("")}`

const row = (name: string, initial: string, ...cells: string[]) =>
  `| \`${name}\` | ${initial === "" ? "" : `\`${initial}\``} | ${cells.map(cell).join(" | ")} |\n`

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")
