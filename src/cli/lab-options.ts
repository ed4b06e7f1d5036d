import { existsSync } from "node:fs"
import { join } from "node:path"
import { fail } from "../errors/catalogue.ts"
import type { LabOptions } from "../lab/lab.ts"
import type { Call } from "./command.ts"
import { flag, text } from "./command.ts"

/** The options that every `berth lab` command shares, checked. */
export function labOptionsOf(call: Call): Omit<LabOptions, "scenario" | "onProgress"> {
  const controlPlane = text(call, "controlPlane")
  if (controlPlane !== undefined && !existsSync(join(controlPlane, "kube-apiserver"))) {
    throw fail("lab/no-control-plane", { folder: controlPlane })
  }
  return {
    name: text(call, "name") ?? "default",
    kubePort: port(call, "port"),
    ec2Port: port(call, "ec2Port"),
    ...(controlPlane === undefined ? {} : { controlPlane }),
    hollow: flag(call, "hollow"),
  }
}

function port(call: Call, option: string): number {
  const value = text(call, option) ?? "0"
  const number = Number(value)
  if (!/^\d+$/.test(value) || number > 65535) {
    throw fail("cli/bad-option", {
      option: `--${option === "port" ? "port" : "ec2-port"}`,
      value,
      expected: "a port number, or 0 for any free one",
    })
  }
  return number
}
