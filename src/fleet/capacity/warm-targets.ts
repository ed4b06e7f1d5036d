import type { WarmTargets } from "../../api/nodenetwork.ts"

const variables = {
  warmENI: "WARM_ENI_TARGET",
  warmIP: "WARM_IP_TARGET",
  minimumIP: "MINIMUM_IP_TARGET",
  warmPrefix: "WARM_PREFIX_TARGET",
  maxENI: "MAX_ENI",
} as const

/** The warm targets that a DaemonSet's environment states; what is no number is not set. */
export function targetsOf(env: Readonly<Record<string, string>>, maxPods: number): WarmTargets {
  const set = Object.entries(variables).flatMap(([field, name]) => {
    const value = /^-?\d+$/.test(env[name] ?? "") ? Number(env[name]) : undefined
    return value === undefined ? [] : [[field, value] as const]
  })
  return { ...Object.fromEntries(set), maxPods }
}
