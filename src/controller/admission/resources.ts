import type { KubeObject } from "../../api/meta.ts"
import type { Resource } from "../../api/resources.ts"

/** As far as the webhook's own certificate needs them. */
export interface Secret extends KubeObject {
  type?: string
  /** Values are base64. */
  data?: Record<string, string>
}

/** Validating or mutating. */
export interface WebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string; service?: object; url?: string } }[]
}

export const secrets: Resource<Secret> = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
}

export const webhookConfigurations: Resource<WebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
  namespaced: false,
}

export const mutatingConfigurations: Resource<WebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "mutatingwebhookconfigurations",
  kind: "MutatingWebhookConfiguration",
  namespaced: false,
}
