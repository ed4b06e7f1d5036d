import { readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"
import type { Arguments } from "./arguments.ts"
import { drain } from "./drain.ts"
import { exec } from "./exec.ts"
import { getObjects } from "./get.ts"
import { resourceOf, resourceOfKind } from "./resource-names.ts"
import { rollout } from "./rollout.ts"

type Verb = (kube: Kube, args: Arguments) => Promise<number>

export const verbs: Readonly<Record<string, Verb>> = {
  get: getObjects,
  describe,
  set: setEnv,
  apply,
  annotate: (kube, args) => editMetadata(kube, args, "annotations", "annotated"),
  label: (kube, args) => editMetadata(kube, args, "labels", "labeled"),
  taint,
  cordon: (kube, args) => cordon(kube, args.words[0] ?? "", true),
  uncordon: (kube, args) => cordon(kube, args.words[0] ?? "", false),
  drain: async (kube, args) => {
    await cordon(kube, args.words[0] ?? "", true)
    return drain(kube, args)
  },
  rollout,
  exec: (_, args) => exec(args),
}

/** "daemonset aws-node" or "daemonset/aws-node". */
export function target(
  args: Arguments,
  skip = 0,
): { resource: Resource<KubeObject>; name: string; namespace?: string; others: string[] } {
  const [first = "", ...more] = args.words
    .slice(skip)
    .flatMap((w, i) => (i === 0 ? w.split("/") : [w]))
  const resource = resourceOf(first)
  const [name = "", ...others] = more
  const namespace = args.options.get("namespace") ?? "default"
  return { resource, name, others, ...(resource.namespaced ? { namespace } : {}) }
}

interface PodTemplated extends KubeObject {
  spec: { template: { spec: { initContainers?: Container[]; containers: Container[] } } }
}
interface Container {
  name: string
  image: string
  env?: { name: string; value?: string }[]
}

async function describe(kube: Kube, args: Arguments): Promise<number> {
  const { resource, name, namespace } = target(args)
  const object = (await kube.get(resource, name, namespace)) as PodTemplated | undefined
  if (!object) throw new Error(`${resource.plural} "${name}" not found`)
  console.log(`Name:           ${name}`)
  if (namespace) console.log(`Namespace:      ${namespace}`)
  for (const container of object.spec.template?.spec.containers ?? []) {
    console.log(`   ${container.name}:\n    Image:      ${container.image}`)
    for (const e of container.env ?? []) console.log(`      ${e.name}:  ${e.value ?? ""}`)
  }
  return 0
}

async function setEnv(kube: Kube, args: Arguments): Promise<number> {
  if (args.words[0] !== "env") throw new Error('only "set env" is known')
  const { resource, name, namespace, others } = target(args, 1)
  const object = (await kube.get(resource, name, namespace)) as PodTemplated | undefined
  if (!object) throw new Error(`${resource.plural} "${name}" not found`)
  const env = others.map((pair) => ({
    name: pair.slice(0, pair.indexOf("=")),
    value: pair.slice(pair.indexOf("=") + 1),
  }))
  const containers = object.spec.template.spec.containers.map((c) => ({ name: c.name, env }))
  await kube.patch(
    resource,
    { name, ...(namespace ? { namespace } : {}) },
    { type: "strategic", body: { spec: { template: { spec: { containers } } } } },
  )
  console.log(`${resource.plural.replace(/s$/, "")}.${resource.group}/${name} env updated`)
  return 0
}

async function apply(kube: Kube, args: Arguments): Promise<number> {
  const file = args.options.get("filename") ?? ""
  const text = readFileSync(file === "-" ? 0 : file, "utf8")
  for (const document of parseAllDocuments(text)) {
    if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`)
    const object = document.toJS() as KubeObject | null
    if (object === null) continue
    const resource = resourceOfKind(object.apiVersion, object.kind)
    const namespace =
      object.metadata.namespace ??
      (resource.namespaced ? (args.options.get("namespace") ?? "default") : undefined)
    const at = { name: object.metadata.name, ...(namespace ? { namespace } : {}) }
    const before = await kube.get(resource, at.name, namespace)
    const made = await kube.patch(resource, at, {
      type: "apply",
      body: object,
      fieldManager: "kubectl",
      force: true,
    })
    const done = !before
      ? "created"
      : before.metadata.resourceVersion === made.metadata.resourceVersion
        ? "unchanged"
        : "configured"
    console.log(
      `${object.kind.toLowerCase()}${resource.group ? `.${resource.group}` : ""}/${at.name} ${done}`,
    )
  }
  return 0
}

async function editMetadata(
  kube: Kube,
  args: Arguments,
  field: "annotations" | "labels",
  done: string,
): Promise<number> {
  const { resource, name, namespace, others } = target(args)
  const values = Object.fromEntries(
    others.map((o) =>
      o.endsWith("-") && !o.includes("=")
        ? [o.slice(0, -1), null]
        : [o.slice(0, o.indexOf("=")), o.slice(o.indexOf("=") + 1)],
    ),
  )
  await kube.patch(
    resource,
    { name, ...(namespace ? { namespace } : {}) },
    { type: "merge", body: { metadata: { [field]: values } } },
  )
  console.log(`${resource.kind.toLowerCase()}/${name} ${done}`)
  return 0
}

interface Taint {
  key: string
  value?: string
  effect: string
}

/** `taint node NAME... KEY=VALUE:EFFECT... KEY[:EFFECT]-...` */
async function taint(kube: Kube, args: Arguments): Promise<number> {
  const [kind = "", ...words] = args.words
  const isTaint = (word: string) => word.includes(":") || word.endsWith("-")
  const changes = words.filter(isTaint)
  for (const name of words.filter((w) => !isTaint(w))) {
    const node = (await kube.get(resourceOf(kind), name)) as
      | (KubeObject & { spec?: { taints?: Taint[] } })
      | undefined
    if (!node) throw new Error(`nodes "${name}" not found`)
    const taints = changes.reduce(changeTaint, node.spec?.taints ?? [])
    await kube.patch(resourceOf(kind), { name }, { type: "merge", body: { spec: { taints } } })
    console.log(`node/${name} ${changes.some((c) => c.endsWith("-")) ? "untainted" : "tainted"}`)
  }
  return 0
}

function changeTaint(taints: readonly Taint[], change: string): Taint[] {
  const remove = change.endsWith("-")
  const [pair = "", effect = ""] = (remove ? change.slice(0, -1) : change).split(":")
  const [key = "", value] = pair.split("=")
  const others = taints.filter((t) => t.key !== key || (effect !== "" && t.effect !== effect))
  return remove ? others : [...others, { key, ...(value === undefined ? {} : { value }), effect }]
}

async function cordon(kube: Kube, name: string, unschedulable: boolean): Promise<number> {
  await kube.patch(
    resourceOf("node"),
    { name },
    { type: "merge", body: { spec: { unschedulable } } },
  )
  console.log(`node/${name} ${unschedulable ? "cordoned" : "uncordoned"}`)
  return 0
}
