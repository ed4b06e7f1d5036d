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
