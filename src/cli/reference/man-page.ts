import type { Command } from "../command.ts"
import { exitCodes } from "./exit-codes.ts"

/** berth(1) in man(7) macros. */
export function manPage(commands: readonly Command[], version: string): string {
  const lines = [
    `.TH BERTH 1 "" "berth ${version}" "User Commands"`,
    ".SH NAME",
    "berth \\- decide which VPC subnets, IP ranges and security groups the Pods of an Amazon EKS cluster use",
    ".SH SYNOPSIS",
    ".B berth",
    "COMMAND [OPTIONS]",
    ".br",
    ".B kubectl berth",
    "COMMAND [OPTIONS]",
    ".SH COMMANDS",
  ]
  for (const c of commands) {
    lines.push(
      `.SS "berth ${[c.path, ...(c.args ?? []).map((a) => a.spec)].join(" ")}"`,
      roff(c.about ?? c.summary),
    )
    for (const a of c.args ?? []) lines.push(".TP", `.I "${a.spec}"`, roff(a.about))
    for (const o of c.options) {
      const more = [
        o.choices ? `one of ${o.choices.join(", ")}` : "",
        o.default === undefined ? "" : `default ${o.default}`,
      ]
      const suffix = more.filter((m) => m !== "").join("; ")
      lines.push(
        ".TP",
        `.B "${roff(o.flags)}"`,
        roff(suffix === "" ? o.about : `${o.about} (${suffix})`),
      )
    }
    lines.push(".PP", "Examples:", ".nf", ...c.examples.map((e) => `  ${roff(e)}`), ".fi")
  }
  lines.push(".SH EXIT STATUS")
  for (const [code, meaning] of exitCodes) lines.push(".TP", `.B ${code}`, roff(meaning))
  lines.push("")
  return lines.join("\n")
}

/** A line that starts with a dot or quote would be a macro; dashes must stay ASCII to be copied. */
const roff = (text: string) =>
  text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/, "\\&$&")
