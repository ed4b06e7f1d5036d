import assert from "node:assert/strict"
import { test } from "node:test"
import type { KubeObject } from "../../../api/meta.ts"
import type { Resource } from "../../../api/resources.ts"
import { systemClock } from "../../../clock.ts"
import { createKubeApi } from "../kube-api.ts"

const resource = (group: string, plural: string, kind: string): Resource<KubeObject> => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced: group === "",
})
const admission = "admissionregistration.k8s.io"
const maps = resource("", "configmaps", "ConfigMap")
const policies = resource(admission, "validatingadmissionpolicies", "ValidatingAdmissionPolicy")
const bindings = resource(
  admission,
  "validatingadmissionpolicybindings",
  "ValidatingAdmissionPolicyBinding",
)

const policy = (spec: object): KubeObject => {
  const rule = {
    apiGroups: [""],
    apiVersions: ["v1"],
    operations: ["*"],
    resources: ["configmaps"],
  }
  const object = {
    apiVersion: `${admission}/v1`,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "p" },
    spec: { matchConstraints: { resourceRules: [rule] }, ...spec },
  }
  return object
}
const binding = (spec: object): KubeObject => {
  const object = {
    apiVersion: `${admission}/v1`,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "b" },
    spec: { policyName: "p", validationActions: ["Deny"], ...spec },
  }
  return object
}
const map = (name: string, data: Record<string, string> = {}): KubeObject => {
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default" },
    data,
  }
  return object
}

test("a policy judges what its binding selects, with the parameters that it hands over", async () => {
  using api = createKubeApi({ clock: systemClock })
  const { kube } = api
  await kube.create(maps, map("limits", { most: "1" }))
  await kube.create(
    policies,
    policy({
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      validations: [
        {
          expression: "!has(object.data) || object.data.size() <= int(params.data.most)",
          messageExpression: "'at most ' + params.data.most",
        },
      ],
    }),
  )
  const two = { a: "1", b: "2" }
  await kube.create(maps, map("unbound", two))
  const objectSelector = { matchExpressions: [{ key: "free", operator: "DoesNotExist" }] }
  await kube.create(
    bindings,
    binding({
      paramRef: { name: "limits", namespace: "default" },
      matchResources: { objectSelector },
    }),
  )
  await assert.rejects(kube.create(maps, map("x", two)), {
    status: 422,
    message: `configmaps "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: at most 1`,
  })
  await kube.create(maps, map("y", { a: "1" }))
  const free = map("z", two)
  free.metadata.labels = { free: "yes" }
  await kube.create(maps, free)
})

test("an expression that is not CEL is refused where it is written", async () => {
  using api = createKubeApi({ clock: systemClock })
  await assert.rejects(
    api.kube.create(policies, policy({ validations: [{ expression: "object." }] })),
    {
      status: 422,
      message: /spec\.validations\[0\]\.expression: Invalid value: "object\.": compilation failed/,
    },
  )
})
