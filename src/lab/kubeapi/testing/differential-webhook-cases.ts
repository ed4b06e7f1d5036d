import type { JsonObject } from "../json.ts"
import { type Case, del, merge, post, put } from "./differential-step.ts"

const path = "/api/v1/namespaces/default/configmaps"
const map = (name: string, webhook = "", more: JsonObject = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels: { hooked: "yes", ...(webhook === "" ? {} : { webhook }) } },
  ...more,
})

/** A configuration whose webhook, at `url`, is asked about ConfigMaps labelled hooked=yes. */
export const webhookConfiguration = (clientConfig: JsonObject, more: JsonObject = {}) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "hooks" },
  webhooks: [
    {
      name: "maps.example.com",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      clientConfig,
      objectSelector: { matchLabels: { hooked: "yes" } },
      rules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          resources: ["configmaps"],
          operations: ["CREATE", "UPDATE", "DELETE"],
        },
      ],
      ...more,
    },
  ],
})

export const webhookCases: readonly Case[] = [
  {
    name: "a validating webhook denies, warns and lets pass",
    steps: [
      ...["deny", "code", "reason", "silent"].map((answer) => post(path, map("h", answer))),
      post(`${path}?dryRun=All`, map("h", "deny")),
      post(path, map("h", "warn")),
      put(`${path}/h`, map("h", "deny")),
      merge(`${path}/h`, { metadata: { labels: { webhook: "code" } } }),
      merge(`${path}/h`, { metadata: { labels: { webhook: null } } }),
      post(path, {
        ...map("free", "deny"),
        metadata: { name: "free", labels: { webhook: "deny" } },
      }),
      del(`${path}/free`),
      del(`${path}/h`),
    ],
  },
]

const group = "admissionregistration.k8s.io/v1"
const policy = {
  apiVersion: group,
  kind: "ValidatingAdmissionPolicy",
  metadata: { name: "maps" },
  spec: {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["CREATE", "UPDATE"],
          resources: ["configmaps"],
        },
      ],
    },
    variables: [{ name: "size", expression: "has(object.data) ? object.data.size() : 0" }],
    matchConditions: [
      { name: "judged", expression: "object.metadata.?labels['policy'].orValue('') != ''" },
    ],
    validations: [
      { expression: "variables.size < 2" },
      { expression: "variables.size != 3", message: "three is bad" },
      {
        expression: "object.metadata.labels['policy'] != 'forbidden'",
        messageExpression: "'label ' + object.metadata.labels['policy']",
        reason: "Forbidden",
      },
      { expression: "object.metadata.labels['policy'] != 'error' || object.data.absent == 'x'" },
      {
        expression: "oldObject == null || object.data == oldObject.data",
        message: "data is fixed",
      },
    ],
  },
}
const binding = {
  apiVersion: group,
  kind: "ValidatingAdmissionPolicyBinding",
  metadata: { name: "maps" },
  spec: { policyName: "maps", validationActions: ["Deny"] },
}
const judged = (label: string, data: JsonObject) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "judged", labels: { policy: label } },
  data,
})

export const policyCase: Case = {
  name: "an admission policy and its binding are stored",
  steps: [
    post(`/apis/${group}/validatingadmissionpolicies`, policy),
    post(`/apis/${group}/validatingadmissionpolicybindings`, binding),
  ],
}

/** What the policy denies; the first step shows whether it is in force. */
export const policyCases: readonly Case[] = [
  {
    name: "an admission policy denies by its expressions",
    steps: [
      post(`${path}?dryRun=All`, judged("x", { a: "1", b: "2" })),
      post(`${path}?dryRun=All`, judged("x", { a: "1", b: "2", c: "3" })),
      post(`${path}?dryRun=All`, judged("forbidden", { a: "1" })),
      post(`${path}?dryRun=All`, judged("error", { a: "1" })),
      post(`${path}?dryRun=All`, judged("", { a: "1", b: "2" })),
      post(path, judged("x", { a: "1" })),
      merge(`${path}/judged`, { data: { a: "2" } }),
      del(`${path}/judged`),
      del(`/apis/${group}/validatingadmissionpolicybindings/maps`),
      del(`/apis/${group}/validatingadmissionpolicies/maps`),
    ],
  },
]
