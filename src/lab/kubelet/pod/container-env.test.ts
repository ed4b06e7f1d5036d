import assert from "node:assert/strict"
import { test } from "node:test"
import type { Container, LabPod } from "../../loops/pod.ts"
import { containerEnv, type EnvSources } from "./container-env.ts"
import { translatePaths } from "./host-paths.ts"

const pod = (spec: Partial<LabPod["spec"]> = {}): LabPod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-1",
    namespace: "shop",
    uid: "u",
    labels: { app: "web" },
    annotations: { "a.b/c": "d" },
  },
  spec: { nodeName: "node-1", containers: [], ...spec },
})
const sources: EnvSources = {
  configMap: async (name) => (name === "settings" ? { LEVEL: "debug", COLOUR: "red" } : undefined),
  secret: async (name) => (name === "keys" ? { TOKEN: "t" } : undefined),
  hostAddress: "10.0.0.5",
  podAddress: "10.0.0.9",
}
const env = (container: Omit<Container, "name">, p = pod()) =>
  containerEnv(p, { name: "c", ...container }, sources)
const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } })

test("the downward API", async () => {
  const names: [string, string][] = [
    ["metadata.name", "web-1"],
    ["metadata.namespace", "shop"],
    ["metadata.labels['app']", "web"],
    ["metadata.annotations['a.b/c']", "d"],
    ["spec.nodeName", "node-1"],
    ["spec.serviceAccountName", "default"],
    ["status.hostIP", "10.0.0.5"],
    ["status.podIP", "10.0.0.9"],
  ]
  for (const [path, expected] of names)
    assert.deepEqual(await env({ env: [{ name: "X", ...field(path) }] }), { X: expected }, path)
  const host = await env(
    { env: [{ name: "X", ...field("status.podIP") }] },
    pod({ hostNetwork: true }),
  )
  assert.equal(host["X"], "10.0.0.5")
})

test("later variables see earlier ones; an escaped or unknown reference stays", async () => {
  const made = await env({
    env: [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)-$$(A)-$(C)" },
    ],
  })
  assert.equal(made["B"], "1-$(A)-$(C)")
})

test("ConfigMaps and Secrets, whole or by key", async () => {
  const made = await env({
    envFrom: [{ prefix: "S_", configMapRef: { name: "settings" } }],
    env: [
      { name: "T", valueFrom: { secretKeyRef: { name: "keys", key: "TOKEN" } } },
      { name: "O", valueFrom: { configMapKeyRef: { name: "none", key: "x", optional: true } } },
    ],
  })
  assert.deepEqual(made, { S_LEVEL: "debug", S_COLOUR: "red", T: "t" })
})

test("what is missing is named as kubelet names it", async () => {
  const key = { name: "settings", key: "nope" }
  await assert.rejects(
    env({ env: [{ name: "X", valueFrom: { configMapKeyRef: key } }] }),
    /couldn't find key nope in configmap shop\/settings/,
  )
  await assert.rejects(
    env({ envFrom: [{ secretRef: { name: "gone" } }] }),
    /secret "gone" not found/,
  )
})

test("paths of mounted host folders lead below the node's root", () => {
  const container: Container = {
    name: "aws-node",
    volumeMounts: [
      { name: "bin", mountPath: "/host/opt/cni/bin" },
      { name: "run", mountPath: "/var/run/aws-node" },
      { name: "log", mountPath: "/host/var/log/aws-routed-eni" },
    ],
  }
  const spec = pod({
    volumes: [
      { name: "bin", hostPath: { path: "/opt/cni/bin" } },
      { name: "run", hostPath: { path: "/var/run/aws-node" } },
      { name: "log", hostPath: { path: "/var/log/aws-routed-eni" } },
    ],
  }).spec
  const file = { AWS_VPC_K8S_CNI_LOG_FILE: "/host/var/log/aws-routed-eni/ipamd.log" }
  assert.deepEqual(translatePaths(spec, container, file, "/lab/n"), {
    BERTH_SOCKET: "/lab/n/var/run/aws-node/berth.sock",
    BERTH_STATE_DIR: "/lab/n/var/run/aws-node",
    HOST_CNI_BIN_PATH: "/lab/n/opt/cni/bin",
    INTROSPECTION_BIND_ADDRESS: "unix:/lab/n/var/run/aws-node/introspection.sock",
    AWS_VPC_K8S_CNI_LOG_FILE: "/lab/n/var/log/aws-routed-eni/ipamd.log",
  })
})
