import type { DaemonSet } from "../../api/core.ts"
import { daemonSets } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"
import { decideEnv, type ResolveConflicts } from "../aws/eks/addon-env.ts"
import { type Addon, UpdateFailure } from "../aws/eks/node-group.ts"

const target = { name: "aws-node", namespace: "kube-system" }

/**
 * Carries an update of the vpc-cni add-on out in the cluster: its configuration's `env` over what the DaemonSet was
 * installed with. It remembers what it has applied, as EKS does by its field manager.
 */
export function vpcCniAddon(kube: Kube) {
  let installed: ReadonlyMap<string, string> | undefined
  let applied: ReadonlyMap<string, string> = new Map()
  return async ({ name, configuration }: Addon, resolve: ResolveConflicts): Promise<void> => {
    if (name !== "vpc-cni") return
    const set = await kube.get(daemonSets, target.name, target.namespace)
    const container = set?.spec.template.spec.containers[0]?.name
    if (set === undefined || container === undefined)
      throw new Error("DaemonSet aws-node is not there")
    const live = envOf(set)
    installed ??= manifestEnv(set)
    if (applied.size === 0) applied = installed
    const wanted = new Map([...installed, ...configured(configuration)])
    const { change, conflicts } = decideEnv(wanted, { applied, live }, resolve)
    if (resolve === "NONE" && conflicts.length > 0)
      throw new UpdateFailure(
        "ConfigurationConflict",
        `Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts:\nDaemonSet.apps ${target.name} - ${conflicts.map((c) => `.spec.template.spec.containers[name="${container}"].env[name="${c}"].value`).join("\n")}`,
        [target.name],
      )
    applied = new Map([...wanted].filter(([key]) => !conflicts.includes(key)))
    if (change.size === 0) return
    const env = [...change].map(([key, value]) =>
      value === undefined ? { name: key, $patch: "delete" } : { name: key, value },
    )
    const containers = [{ name: container, env }]
    await kube.patch(daemonSets, target, {
      type: "strategic",
      body: { spec: { template: { spec: { containers } } } },
    })
  }
}

function configured(configuration: string | undefined): [string, string][] {
  const { env = {} } = JSON.parse(configuration || "{}") as { env?: Record<string, unknown> }
  return Object.entries(env).map(([key, value]) => [key, String(value)])
}

const envOf = (set: DaemonSet) =>
  new Map(
    (set.spec.template.spec.containers[0]?.env ?? []).flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  )

/** What it was installed with, whatever people have changed since. */
function manifestEnv(set: DaemonSet): ReadonlyMap<string, string> {
  const text = set.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"]
  return text === undefined ? new Map() : envOf(JSON.parse(text) as DaemonSet)
}
