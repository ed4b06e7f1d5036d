import type { Declaration } from "./metrics.ts"

/** docs/metrics.md, from the tables of each program. */
export function metricsPage(
  programs: readonly { title: string; table: Readonly<Record<string, Declaration>> }[],
): string {
  const sections = programs.map(
    ({ title, table }) => `## ${title}

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${Object.entries(table)
  .map(([name, d]) => `| \`${name}\` | ${d.kind} | ${d.labels.join(", ")} | ${d.help} |\n`)
  .join("")}`,
  )
  return `# Metrics

Generated from the tables in code by \`node scripts/docs.ts\`. Prometheus text format, port 61678, path \`/metrics\`.
Names that begin with \`awscni_\` are those of Amazon VPC CNI and mean the same.

${sections.join("\n")}`
}
