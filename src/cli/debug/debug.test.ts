import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import type { Pod } from "../../api/core.ts"
import { eniConfigs, events, pods } from "../../api/resources.ts"
import { KubeError } from "../../kube/kube.ts"
import { memoryKube } from "../../kube/memory/memory-kube.ts"
import { readTar } from "../tar/read-tar.ts"
import { writeTar } from "../tar/write-tar.ts"
import { Bundle } from "./bundle.ts"
import { collectLogs } from "./collect-logs.ts"
import { collectObjects } from "./collect-objects.ts"
import { collectIntrospection, execProgram } from "./introspect.ts"
import { pickNodes } from "./pick-nodes.ts"
import { tidy } from "./tidy.ts"

const owner = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  name: "aws-node",
  uid: "1",
  controller: true,
}

const agent = (node: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `aws-node-${node}`, namespace: "kube-system", ownerReferences: [owner] },
  spec: {
    nodeName: node,
    containers: [{ name: "aws-node", image: "registry.example/berth-agent:v0.1.0" }],
  },
})

const pathsOf = (bundle: Bundle) =>
  bundle.entries.map((e) => e.path.slice(bundle.folder.length + 1)).sort()

test("what is named like a secret is left out, however deep, and so are copies of the object", () => {
  const env = [
    { name: "AWS_SECRET_ACCESS_KEY", value: "s3cr3t" },
    { name: "GITHUB_TOKEN", value: "t0k3n" },
    { name: "WARM_IP_TARGET", value: "2" },
    { name: "FROM", valueFrom: { secretKeyRef: { name: "x", key: "y" } } },
  ]
  const shown = tidy({
    metadata: {
      name: "aws-node",
      managedFields: [{}],
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": '{"value":"s3cr3t"}' },
    },
    spec: { containers: [{ name: "aws-node", env }] },
  })
  const text = JSON.stringify(shown)
  assert.doesNotMatch(text, /s3cr3t|t0k3n|managedFields/)
  assert.match(text, /"WARM_IP_TARGET","value":"2"/)
  assert.match(text, /"name":"aws-node"/)
})

test("objects that exist are kept, kinds that do not are nothing, a refusal costs its own file", async () => {
  const kube = memoryKube()
  await kube.create(eniConfigs, {
    apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
    kind: "ENIConfig",
    metadata: { name: "us-west-2a" },
    spec: { subnet: "subnet-1" },
  })
  kube.setFault(({ method, resource }) => {
    if (method === "list" && resource === events) throw new KubeError(403, "Forbidden", "not yours")
  })
  const bundle = new Bundle("b")
  await collectObjects(kube, bundle)
  assert.deepEqual(pathsOf(bundle), ["objects/eniconfigs.yaml"])
  assert.deepEqual(bundle.unread, [{ what: "events.yaml", why: "not yours" }])
})

test("logs of the wanted nodes and of the controller, and the life before a restart", async () => {
  const kube = memoryKube()
  for (const node of ["a", "b"]) {
    const pod = await kube.create(pods, agent(node))
    const containerStatuses = [{ name: "aws-node", restartCount: node === "a" ? 3 : 0 }]
    await kube.replace(pods, { ...pod, status: { containerStatuses } }, "status")
  }
  await kube.create(pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "berth-controller-1",
      namespace: "kube-system",
      labels: { "app.kubernetes.io/name": "berth-controller" },
    },
    spec: { nodeName: "b", containers: [{ name: "controller" }] },
  })
  const asked: string[] = []
  const text = async (path: string, query: Record<string, string> = {}) => {
    asked.push(`${path} ${query["previous"] ?? ""}`.trim())
    return "a line\n"
  }
  const bundle = new Bundle("b")
  await collectLogs({ ...kube, text }, bundle, new Set(["a"]))
  assert.deepEqual(pathsOf(bundle), [
    "logs/a/aws-node.log",
    "logs/a/aws-node.previous.log",
    "logs/controller/berth-controller-1.log",
  ])
  assert.equal(asked.filter((path) => path.endsWith("true")).length, 1)
  assert.equal([...readTar(writeTar(bundle.entries, 0), "x")].length, 3)
})

test("the agents are asked from inside their container, with nothing but Node.js", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-introspect-"))
  const socket = join(folder, "introspection.sock")
  const server = createServer((request, response) => {
    response.end(
      request.url === "/metrics" ? "berth_ready 1\n" : JSON.stringify({ asked: request.url }),
    )
  })
  await new Promise<void>((done) => server.listen(socket, done))
  try {
    const kube = memoryKube()
    for (const node of ["a", "b"]) await kube.create(pods, agent(node))
    const exec = execProgram({ ...process.env, INTROSPECTION_BIND_ADDRESS: `unix:${socket}` })
    const bundle = new Bundle("b")
    await collectIntrospection(kube, bundle, new Set(["a"]), (args) => {
      const [program, ...rest] = args.slice(args.indexOf("--") + 1)
      assert.equal(program, "node")
      return exec(process.execPath, rest)
    })
    assert.deepEqual(bundle.unread, [])
    const told = JSON.parse(bundle.entries[0]?.data.toString() ?? "")
    assert.deepEqual(told["/v1/waiting"], { asked: "/v1/waiting" })
    assert.deepEqual(told["/metrics"], ["berth_ready 1", ""])
    const failing = new Bundle("b")
    const refuse = () => exec("false", [])
    await collectIntrospection(kube, failing, new Set(["a"]), refuse)
    assert.equal(failing.unread.length, 1)
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test("logs are taken of nodes in trouble, and of two others to compare with", () => {
  const row = (node: string, stuck: number) => ({ node, stuck, converged: true })
  const rows = [...["a", "b", "c"].map((n) => row(n, 1)), ...["d", "e", "f"].map((n) => row(n, 0))]
  assert.deepEqual(pickNodes(rows, new Set(), 20), ["a", "b", "c", "d", "e"])
  assert.deepEqual(pickNodes(rows, new Set(["f"]), 3), ["a", "d", "e"])
  assert.deepEqual(pickNodes(rows, new Set(), 1), ["d"])
})
