// Golden files of every format: they are what users commit to their repositories.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"
import { indexFleet } from "../../facts/fleet-index.ts"
import { plainFleet, planRequest } from "../../testing/plain-fleet.ts"
import { planDocument } from "../plan-document.ts"
import { planFiles } from "./plan-files.ts"

const golden = (name: string) => fileURLToPath(new URL(`testdata/${name}`, import.meta.url))
const asText = { serializers: [(value: string) => value] }

const plans = {
  /** The stock plugin as a DaemonSet, a new block, an ENIConfig a zone. */
  enable: planDocument(indexFleet(plainFleet()), planRequest),
  /** The same as an EKS add-on, with a pool in place of ENIConfigs. */
  addon: planDocument(
    indexFleet(
      plainFleet({
        addon: { version: "v1.23.1", configuration: '{"env":{"WARM_IP_TARGET":"2"}}' },
      }),
    ),
    { ...planRequest, pool: "pods", prefixDelegation: true },
  ),
}

for (const [name, plan] of Object.entries(plans)) {
  test(`files of the plan "${name}"`, async (t) => {
    const files = planFiles(plan)
    for (const file of files)
      await t.test(file.name, (s) =>
        s.assert.fileSnapshot(file.text, golden(`${name}/${file.name}`), asText),
      )
    assert.deepEqual(
      files.map((f) => f.name),
      [
        ...["plan.json", "apply.sh", "pods-network.yaml"],
        ...[
          "aws-node-settings.yaml",
          "aws-node-switch.yaml",
          "main.tf",
          "cloudformation.yaml",
          "eksctl.yaml",
        ],
        ...["karpenter-values.yaml", "karpenter.yaml", "addon-configuration.json"],
      ],
    )
  })

  test(`no placeholder is left in the files of "${name}", and each is well formed`, () => {
    for (const file of planFiles(plan).filter((f) => f.name !== "plan.json")) {
      assert.doesNotMatch(file.text, /\$\{(subnet|block):/, file.name)
      if (file.name.endsWith(".json")) JSON.parse(file.text)
      if (file.name.endsWith(".yaml"))
        for (const document of parseAllDocuments(file.text)) assert.deepEqual(document.errors, [])
      if (file.name.endsWith(".sh")) {
        const checked = spawnSync("bash", ["-n"], { input: file.text, encoding: "utf8" })
        assert.equal(checked.status, 0, checked.stderr)
      }
    }
  })

  const noTerraform = spawnSync("terraform", ["version"]).status !== 0
  test(`terraform fmt leaves "${name}" as it is`, {
    skip: noTerraform && "terraform is not installed",
  }, () => {
    const text = planFiles(plan).find((f) => f.name === "main.tf")?.text ?? ""
    const formatted = spawnSync("terraform", ["fmt", "-"], { input: text, encoding: "utf8" })
    assert.equal(formatted.status, 0, formatted.stderr)
    assert.equal(formatted.stdout, text)
  })
}

const noLinter = spawnSync("cfn-lint", ["--version"]).status !== 0
test("cfn-lint accepts the template", { skip: noLinter && "cfn-lint is not installed" }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-plan-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "template.yaml")
  const template = planFiles(plans.enable).find((f) => f.name === "cloudformation.yaml")
  writeFileSync(file, template?.text ?? "")
  const checked = spawnSync("cfn-lint", [file], { encoding: "utf8" })
  // Warnings are let through: W3010 is about zones by name, which is what a pod subnet is about.
  assert.doesNotMatch(checked.stdout, /^E/m)
})

/** Every field that a file uses, as `a.b[].c`. */
function fieldsOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((v) => fieldsOf(v, `${path}[]`))
  if (typeof value !== "object" || value === null) return [path]
  return Object.entries(value).flatMap(([key, v]) =>
    fieldsOf(v, path === "" ? key : `${path}.${key}`),
  )
}

// From the schemas that the tools publish (eksctl's ClusterConfig v1alpha5; Karpenter's EC2NodeClass v1 and chart).
const known: Record<string, RegExp> = {
  "eksctl.yaml":
    /^(apiVersion|kind|metadata\.(name|region)|vpc\.(id|subnets\.private\.[a-z0-9-]+\.id)|addons\[\]\.(name|version|resolveConflicts|configurationValues)|managedNodeGroups\[\]\.(name|instanceType|desiredCapacity|privateNetworking|maxPodsPerNode))$/,
  "karpenter.yaml": /^(apiVersion|kind|metadata\.name|spec\.kubelet\.maxPods)$/,
  "karpenter-values.yaml": /^settings\.reservedENIs$/,
}

test("files for eksctl and Karpenter have no field that these do not know", () => {
  for (const plan of Object.values(plans))
    for (const { name, text } of planFiles(plan)) {
      const pattern = known[name]
      if (pattern === undefined) continue
      const fields = parseAllDocuments(text).flatMap((d) => fieldsOf(d.toJSON()))
      assert.ok(fields.length > 0)
      assert.deepEqual(
        fields.filter((f) => !pattern.test(f)),
        [],
        name,
      )
    }
})
