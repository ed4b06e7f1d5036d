import type { Clock } from "../../clock.ts"
import type { Ec2 } from "../../ec2/ec2.ts"
import type { Kube } from "../../kube/kube.ts"
import { PodFactsReader } from "../../kube/pod-facts.ts"
import type { Logger } from "../../log.ts"
import { CloudFacts } from "../cloud-facts.ts"
import type { ControllerInformers } from "../informers.ts"
import { requestForPod } from "./pod-request.ts"
import { review } from "./review.ts"
import { servingCertificate } from "./serving-certificate.ts"
import { type WebhookServer, webhookServer } from "./webhook-server.ts"

export interface AdmissionOptions {
  kube: Kube
  ec2: Ec2
  clock: Clock
  log: Logger
  informers: ControllerInformers
  namespace: string
  bindAddress: string
}

/** Names of deploy/admission.yaml. */
const names = { service: "berth-webhook", secret: "berth-webhook", configuration: "berth" }

const checkMs = 300_000
const retryMs = 30_000

/**
 * Serves the webhooks until the signal aborts, on every replica: the API server calls any. What fails here is
 * logged and tried again; admission is no reason for the controller to stop.
 */
export async function serveAdmission(
  options: AdmissionOptions,
  signal: AbortSignal,
  onListen: (port: number) => void = () => {},
): Promise<void> {
  const { kube, ec2, clock, log, informers, namespace, bindAddress } = options
  const facts = new CloudFacts({ ec2, clock, signal, onSubnet: () => {} })
  const podFacts = new PodFactsReader({ kube, clock })
  const certificate = { kube, clock, log, namespace, ...names }
  let server: WebhookServer | undefined
  let told = ""
  while (!signal.aborted) {
    let waitMs = checkMs
    try {
      const presented = await servingCertificate(certificate)
      if (server) server.present(presented)
      else {
        server = await webhookServer(bindAddress, presented, {
          "/validate": (asked) => review(asked, { kube, clock, informers, facts, podFacts }),
          "/pods": (asked) => requestForPod(asked, { informers, facts: podFacts }),
        })
        onListen(server.port)
      }
    } catch (error) {
      waitMs = retryMs
      const why = (error as Error).message
      // Without deploy/admission.yaml there are no rights for it, which need not be said twice.
      if (why !== told) log.warn("the webhook cannot be served", { why })
      told = why
    }
    await clock.sleep(waitMs, signal).catch(() => {})
  }
  await server?.[Symbol.asyncDispose]()
}
