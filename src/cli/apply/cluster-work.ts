import type { DaemonSet } from "../../api/core.ts"
import type { ENIConfig } from "../../api/eniconfig.ts"
import { daemonSets, eniConfigs, type Resource, subnetPools } from "../../api/resources.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import type { EnvChange } from "../../fleet/change/change-plan.ts"
import { fillDeep } from "../../fleet/plan/references.ts"
import type { AddonCalls } from "./addon-calls.ts"
import { note } from "./network-work.ts"
import { newBlockers } from "./new-blockers.ts"
import type { ApplyContext, StepWork } from "./step-work.ts"

const fieldManager = "berth-apply"

type PodNetwork = ENIConfig | SubnetPool
const resourceOf = (object: PodNetwork): Resource<PodNetwork> =>
  object.kind === "SubnetPool" ? subnetPools : eniConfigs

export function objectWork({ plan, store, kube }: ApplyContext): StepWork {
  const { state } = store
  const keyOf = (object: PodNetwork) => `${object.kind}/${object.metadata.name}`
  const filled = () =>
    plan.objects.map((o) => fillDeep(o, (kind, key) => state.ids[`${kind}:${key}`] ?? ""))
  const read = (object: PodNetwork) => kube.get(resourceOf(object), object.metadata.name)
  return {
    async carryOut() {
      for (const object of filled()) {
        const before = await read(object)
        const key = keyOf(object)
        if (before === undefined) await note(store, key)
        else if (!state.made.includes(key)) state.before[key] ??= before.spec
        await store.save()
        await kube.patch(
          resourceOf(object),
          { name: object.metadata.name },
          { type: "apply", body: object, fieldManager, force: true },
        )
      }
    },
    async gate() {
      for (const object of plan.objects) {
        const there = await read(object)
        if (there === undefined) return `${keyOf(object)} is not there`
        const ready = there.status?.conditions.find((c) => c.type === "Ready")
        if (plan.site.berth && ready?.status !== "True")
          return `${keyOf(object)} is not ready${ready?.message ? `: ${ready.message}` : ""}`
      }
      return undefined
    },
    async takeBack() {
      for (const object of plan.objects) {
        const target = { name: object.metadata.name }
        const key = keyOf(object)
        const spec = state.before[key]
        if (state.made.includes(key)) await kube.remove(resourceOf(object), target)
        else if (spec !== undefined)
          // Not merged: what the plan added goes.
          await kube.patch(resourceOf(object), target, {
            type: "json",
            body: [{ op: "replace", path: "/spec", value: spec }],
          })
      }
    },
    async goneGate() {
      for (const object of plan.objects)
        if (state.made.includes(keyOf(object)) && (await read(object)) !== undefined)
          return `${keyOf(object)} is still there`
      return undefined
    },
  }
}

type Env = readonly { readonly name: string; readonly value: string | undefined }[]

/**
 * Sets variables of the plugin in its DaemonSet and, where EKS manages it, in the add-on's configuration. In this order:
 * EKS preserves what others have set, and would leave a variable alone that somebody has set by kubectl before.
 */
export function settingWork(context: ApplyContext, env: readonly EnvChange[]): StepWork {
  const back: Env = env.map(({ name, before }) => ({ name, value: before }))
  const set = async (values: Env) => {
    await setInDaemonSet(context, values)
    if (context.addon !== undefined) await setInAddon(context.addon, values)
  }
  return {
    async ready() {
      const status = (await context.addon?.read())?.status
      return status === updating ? busy(status) : undefined
    },
    carryOut: () => set(env),
    gate: () => rolledOut(context, env),
    takeBack: () => set(back),
    goneGate: () => rolledOut(context, back),
  }
}

/** While it lasts EKS takes no other update. */
const updating = "UPDATING"
const busy = (status: string) => `add-on vpc-cni is ${status}`

const target = { name: "aws-node", namespace: "kube-system" }

async function setInDaemonSet({ kube }: ApplyContext, env: Env): Promise<void> {
  const set = await kube.get(daemonSets, target.name, target.namespace)
  if (set !== undefined && missing(set, env) === undefined) return
  const name = pluginOf(set)?.name ?? target.name
  const variables = env.map(({ name: variable, value }) =>
    value === undefined ? { name: variable, $patch: "delete" } : { name: variable, value },
  )
  await kube.patch(daemonSets, target, {
    type: "strategic",
    body: { spec: { template: { spec: { containers: [{ name, env: variables }] } } } },
  })
}

async function setInAddon(addon: AddonCalls, env: Env): Promise<void> {
  const { configuration, status } = await addon.read()
  if (status === updating || unconfigured(configuration, env) === undefined) return
  const after = Object.fromEntries(
    Object.entries({
      ...envOf(configuration),
      ...Object.fromEntries(env.map((e) => [e.name, e.value])),
    }).filter(([, value]) => value !== undefined),
  )
  await addon.update({ ...configuration, env: after })
}

const envOf = (configuration: Record<string, unknown>) =>
  (configuration["env"] ?? {}) as Record<string, unknown>

const unconfigured = (configuration: Record<string, unknown>, env: Env): string | undefined =>
  env.find(({ name, value }) => envOf(configuration)[name] !== value)?.name

/**
 * As `kubectl rollout status` sees it, and that the variables are there. An agent whose pods wait for an address says
 * that it is not ready: a plan that was begun in an outage waits for new pods, and for nothing new that blocks.
 */
async function rolledOut(context: ApplyContext, env: Env): Promise<string | undefined> {
  const { kube, addon, store } = context
  const managed = await addon?.read()
  if (managed !== undefined && managed.status !== "ACTIVE") return busy(managed.status)
  const open = managed && unconfigured(managed.configuration, env)
  if (open !== undefined)
    return `the configuration of add-on vpc-cni does not say ${open} as planned yet`
  const set = await kube.get(daemonSets, target.name, target.namespace)
  if (set === undefined) return "DaemonSet aws-node is not there"
  const wrong = missing(set, env)
  if (wrong !== undefined) return `${wrong} is not set yet`
  const { observedGeneration = 0, desiredNumberScheduled: desired = 0 } = set.status ?? {}
  const { updatedNumberScheduled = 0, numberReady = 0 } = set.status ?? {}
  if (observedGeneration < (set.metadata.generation ?? 0)) return "aws-node begins its rollout"
  const inOutage = store.state.findings.length > 0
  if (Math.min(updatedNumberScheduled, inOutage ? desired : numberReady) < desired)
    return `of ${desired} aws-node pods ${updatedNumberScheduled} are new, ${numberReady} ready`
  return inOutage ? newBlockers(context) : undefined
}

const pluginOf = (set: DaemonSet | undefined) => {
  const containers = set?.spec.template.spec.containers ?? []
  return containers.find((c) => c.name === target.name) ?? containers[0]
}

function missing(set: DaemonSet, env: Env): string | undefined {
  const there = pluginOf(set)?.env ?? []
  return env.find((e) => there.find((t) => t.name === e.name)?.value !== e.value)?.name
}
