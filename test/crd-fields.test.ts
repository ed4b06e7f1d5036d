// Goal: the API server prunes what a schema does not list, so every field of the types must be in the schema.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { parse } from "yaml"

interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
}

/** The members of an interface, read from its source. */
function members(file: string, name: string): string[] {
  const source = readFileSync(`src/api/${file}.ts`, "utf8")
  const body = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1]
  assert.ok(body, `${file}.ts has no interface ${name}`)
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map((m) => m[1] ?? "").sort()
}

/** The schema at a path such as `spec.demand[]`. */
function schemaAt(crd: string, path: string): Schema {
  const document = parse(readFileSync(`crds/${crd}.yaml`, "utf8")) as {
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[] }
  }
  let schema = document.spec.versions[0]?.schema.openAPIV3Schema
  for (const step of path.split(".")) {
    schema = schema?.properties?.[step.replace("[]", "")]
    if (step.endsWith("[]")) schema = schema?.items
  }
  assert.ok(schema?.properties, `${crd}.yaml has no ${path}`)
  return schema
}

for (const [crd, path, file, name] of [
  ["nodenetwork", "spec", "nodenetwork", "NodeNetworkSpec"],
  ["nodenetwork", "spec.mode", "nodenetwork", "NodeMode"],
  ["nodenetwork", "spec.targets", "nodenetwork", "WarmTargets"],
  ["nodenetwork", "spec.demand[]", "nodenetwork", "PlacementDemand"],
  ["nodenetwork", "spec.demand[].claims[]", "nodenetwork", "PodClaim"],
  ["nodenetwork", "spec.sticky[]", "nodenetwork", "StickyPod"],
  ["nodenetwork", "spec.offers[]", "nodenetwork", "Offer"],
  ["nodenetwork", "status", "nodenetwork", "NodeNetworkStatus"],
  ["nodenetwork", "status.placements[]", "nodenetwork", "PlacementStatus"],
  ["nodenetwork", "status.interfaces[]", "nodenetwork", "NodeInterface"],
  ["nodenetwork", "status.intents[]", "nodenetwork", "CreateIntent"],
  ["nodenetwork", "status.quota", "nodenetwork", "QuotaStatus"],
  ["nodenetwork", "status.quota.denied[]", "nodenetwork", "QuotaDenial"],
  ["nodenetwork", "status.conditions[]", "meta", "Condition"],
  ["eniconfig", "status", "eniconfig", "ENIConfigStatus"],
  ["eniconfig", "status.conditions[]", "meta", "Condition"],
  ["subnetpool", "spec.subnets[]", "subnetpool", "SubnetTerm"],
  ["subnetpool", "spec.securityGroups[]", "subnetpool", "SecurityGroupTerm"],
  ["subnetpool", "status", "subnetpool", "SubnetPoolStatus"],
  ["subnetpool", "status.namespaces[]", "subnetpool", "NamespaceStatus"],
  ["subnetpool", "status.subnets[]", "subnetpool", "SubnetStatus"],
  ["noderotation", "spec", "noderotation", "NodeRotationSpec"],
  ["noderotation", "status", "noderotation", "NodeRotationStatus"],
  ["noderotation", "status.nodes[]", "noderotation", "RotatedNode"],
] as const)
  test(`the schema of ${crd} ${path} has every field of ${name}`, () => {
    const listed = Object.keys(schemaAt(crd, path).properties ?? {})
    assert.deepEqual(
      members(file, name).filter((field) => !listed.includes(field)),
      [],
    )
  })
