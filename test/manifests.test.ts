// Goal: the manifests keep the promises that users' commands rest on.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { parseAllDocuments } from "yaml"
import { readConfig } from "../src/agent/config.ts"
import { environment } from "../src/agent/environment/environment.ts"

interface Workload {
  kind: string
  metadata: { name: string; namespace?: string }
  spec: {
    template: {
      spec: {
        containers: { name: string; image: string; env: { name: string; value?: string }[] }[]
        initContainers?: unknown[]
      }
    }
  }
}

const objects = ["deploy/agent.yaml", "deploy/controller.yaml"].flatMap((file) =>
  parseAllDocuments(readFileSync(file, "utf8")).map((d) => d.toJS() as Workload),
)
const daemonSet = objects.find((o) => o.kind === "DaemonSet")
const podSpec = daemonSet?.spec.template.spec

test("the documented version check prints name and version: one image, with one slash", () => {
  assert.equal(daemonSet?.metadata.name, "aws-node")
  assert.equal(daemonSet?.metadata.namespace, "kube-system")
  assert.equal(podSpec?.initContainers, undefined)
  assert.equal(podSpec?.containers.length, 1)
  assert.equal(podSpec?.containers[0]?.name, "aws-node")
  assert.match(podSpec?.containers[0]?.image ?? "", /^[^/]+\/berth-agent:v\d+\.\d+\.\d+$/)
})

test("images and labels carry the package's version", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
  const images = objects.flatMap((o) => o.spec?.template?.spec.containers.map((c) => c.image) ?? [])
  assert.deepEqual(
    images.map((i) => i.split(":")[1]),
    [`v${version}`, `v${version}`],
  )
  const labels = objects.map(
    (o) =>
      (o.metadata as { labels?: Record<string, string> }).labels?.["app.kubernetes.io/version"],
  )
  assert.deepEqual([...new Set(labels.filter((l) => l !== undefined))], [`v${version}`])
})

test("the agent's manifest sets only variables that the agent serves, to their defaults", () => {
  const env = podSpec?.containers[0]?.env ?? []
  const unknown = env.filter(({ name }) => !(name in environment)).map(({ name }) => name)
  assert.deepEqual(unknown, [])
  const set = Object.fromEntries(env.flatMap(({ name, value }) => (value ? [[name, value]] : [])))
  const node = { MY_NODE_NAME: "n1" }
  const { config, notices } = readConfig({ ...set, ...node })
  assert.deepEqual(notices, [])
  const { WARM_ENI_TARGET, WARM_PREFIX_TARGET, ...values } = config.values
  assert.deepEqual([WARM_ENI_TARGET, WARM_PREFIX_TARGET], [1, 1])
  const plain: Record<string, unknown> = readConfig(node).config.values
  for (const [name, value] of Object.entries(values)) assert.deepEqual(value, plain[name], name)
})
