import { hostname } from "node:os"
import { fail } from "../errors/catalogue.ts"

export interface ControllerConfig {
  /** AWS_REGION; when absent, the nodes' labels tell. */
  readonly region: string | undefined
  /** CLUSTER_NAME. Absent: it is looked for (cluster-name.ts); while it is not known no interface counts as leaked. */
  readonly clusterName: string | undefined
  readonly namespace: string
  readonly identity: string
  readonly bindAddress: string
  /** Of the validating webhook; undefined when it is off. */
  readonly webhookAddress: string | undefined
  readonly logLevel: LogLevel
  readonly leaks: LeakMode
}

const logLevels = ["debug", "info", "warn", "error"] as const
export type LogLevel = (typeof logLevels)[number]
const leakModes = ["free", "report", "off"] as const
export type LeakMode = (typeof leakModes)[number]

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the environment of Deployment berth-controller; throws `controller/bad-environment`. */
export function readConfig(env: Environment): ControllerConfig {
  const text = (name: string) => env[name]?.trim() || undefined
  return {
    region: text("AWS_REGION") ?? text("AWS_DEFAULT_REGION"),
    clusterName: text("CLUSTER_NAME"),
    namespace: text("POD_NAMESPACE") ?? "kube-system",
    // A restarted process of the same pod may take its own lease at once; a name that is not unique must not.
    identity: text("POD_NAME") ?? `${hostname()}_${process.pid}`,
    bindAddress: text("BERTH_METRICS_BIND_ADDRESS") ?? ":8080",
    webhookAddress: text("BERTH_WEBHOOK_BIND_ADDRESS"),
    logLevel: choice(env, "BERTH_LOG_LEVEL", logLevels, "info"),
    leaks: choice(env, "BERTH_LEAKED_INTERFACES", leakModes, "free"),
  }
}

function choice<T extends string>(
  env: Environment,
  variable: string,
  values: readonly T[],
  initial: T,
): T {
  const value = env[variable]?.trim().toLowerCase()
  if (!value) return initial
  const found = values.find((v) => v === value)
  if (found) return found
  throw fail("controller/bad-environment", {
    variable,
    why: `"${value}" is none of ${values.join(", ")}`,
  })
}
