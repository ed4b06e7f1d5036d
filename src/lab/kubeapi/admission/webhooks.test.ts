import assert from "node:assert/strict"
import { connect } from "node:net"
import { test } from "node:test"
import type { KubeObject } from "../../../api/meta.ts"
import type { Resource } from "../../../api/resources.ts"
import { systemClock } from "../../../clock.ts"
import { stringAt } from "../json.ts"
import { createKubeApi } from "../kube-api.ts"
import { webhookConfiguration } from "../testing/differential-webhook-cases.ts"
import { webhookServer } from "../testing/webhook-server.ts"
import type { ConnectService } from "./webhook-call.ts"

const maps: Resource<KubeObject> = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
}
const configurations: Resource<KubeObject> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
  namespaced: false,
}
const map = (webhook: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "m", namespace: "default", labels: { hooked: "yes", webhook } },
})
const service = { service: { namespace: "default", name: "hook", path: "/validate", port: 9443 } }
const lab = (connectService?: ConnectService) =>
  createKubeApi({ clock: systemClock, ...(connectService ? { connectService } : {}) })

test("a webhook behind a service is asked over a connection that the caller opens", async () => {
  await using hook = await webhookServer()
  const asked: string[] = []
  using api = lab(async ({ namespace, name, port }) => {
    asked.push(`${namespace}/${name}:${port}`)
    return connect(hook.port, "127.0.0.1")
  })
  await api.kube.create(
    configurations,
    webhookConfiguration({ ...service, caBundle: hook.caBundle }),
  )
  await assert.rejects(api.kube.create(maps, map("deny")), {
    status: 400,
    message: 'admission webhook "maps.example.com" denied the request: not like this',
  })
  await api.kube.create(maps, map("fine"))
  await api.kube.remove(maps, { name: "m", namespace: "default" })
  assert.deepEqual(new Set(asked), new Set(["default/hook:9443"]))
  assert.deepEqual(
    hook.requests.map(
      (r) => `${stringAt(r, "operation")} ${stringAt(r, "namespace")}/${stringAt(r, "name")}`,
    ),
    ["CREATE default/m", "CREATE default/m", "DELETE default/m"],
  )
})

test("a mutating webhook changes what is made, and not what is there", async () => {
  await using hook = await webhookServer()
  using api = lab(async () => connect(hook.port, "127.0.0.1"))
  const clientConfig = { ...service, caBundle: hook.caBundle }
  const kind = "MutatingWebhookConfiguration"
  await api.kube.create(
    { ...configurations, plural: "mutatingwebhookconfigurations", kind },
    { ...webhookConfiguration(clientConfig), kind },
  )
  const made = await api.kube.create(maps, map("patch"))
  assert.deepEqual(Reflect.get(made, "data"), { added: "here" })
  const target = { name: "m", namespace: "default" }
  const body = { data: null }
  const edited = await api.kube.patch(maps, target, { type: "merge", body })
  assert.equal(Reflect.get(edited, "data"), undefined)
  await assert.rejects(api.kube.create(maps, map("deny")), /denied the request: not like this/)
})

test("a webhook that cannot be asked refuses, or lets pass where it says so", async () => {
  using api = lab()
  await api.kube.create(configurations, webhookConfiguration(service))
  await assert.rejects(api.kube.create(maps, map("")), {
    status: 500,
    reason: "InternalError",
    message:
      'Internal error occurred: failed calling webhook "maps.example.com": failed to call webhook: Post "https://hook.default.svc:9443/validate": no endpoints available for service "hook"',
  })
  await api.kube.remove(configurations, { name: "hooks" })
  const open = webhookConfiguration(service, { failurePolicy: "Ignore" })
  await api.kube.create(configurations, open)
  await api.kube.create(maps, map(""))
})

test("a server whose certificate the bundle does not vouch for is not believed", async () => {
  await using hook = await webhookServer()
  await using other = await webhookServer()
  using api = lab(async () => connect(hook.port, "127.0.0.1"))
  await api.kube.create(
    configurations,
    webhookConfiguration({ ...service, caBundle: other.caBundle }),
  )
  await assert.rejects(api.kube.create(maps, map("")), /failed to call webhook/)
  assert.deepEqual(hook.requests, [])
})

test("only what rules and selectors name is reviewed", async () => {
  await using hook = await webhookServer()
  using api = lab(async () => connect(hook.port, "127.0.0.1"))
  const selective = webhookConfiguration(
    { ...service, caBundle: hook.caBundle },
    { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-public" } } },
  )
  await api.kube.create(configurations, selective)
  await api.kube.create(maps, map("deny"))
  const there = map("deny")
  there.metadata.namespace = "kube-public"
  await assert.rejects(api.kube.create(maps, there), /denied the request/)
})
