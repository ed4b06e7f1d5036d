import type { PlanDocument } from "../plan-document.ts"

/**
 * The vpc-cni add-on's configuration after the change. Undefined where Berth runs without the add-on: EKS would put
 * the stock plugin in its place.
 */
export function addonConfiguration(plan: PlanDocument): string | undefined {
  const { site, env } = plan
  if (env.length === 0 || (site.berth && site.addon === undefined)) return undefined
  const before = parsed(site.addon?.configuration)
  const changed = Object.fromEntries(env.map(({ name, value }) => [name, value]))
  const after = { ...before, env: { ...(before["env"] as object | undefined), ...changed } }
  return `${JSON.stringify(after, null, 2)}\n`
}

function parsed(configuration: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(configuration ?? "{}")
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
