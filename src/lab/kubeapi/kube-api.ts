import { randomUUID } from "node:crypto"
import type { RequestListener } from "node:http"
import type { Clock } from "../../clock.ts"
import type { Kube } from "../../kube/kube.ts"
import { type Logger, silentLogger } from "../../log.ts"
import { validatingPolicies } from "./admission/validating-policies.ts"
import type { ConnectService } from "./admission/webhook-call.ts"
import { mutatingWebhooks, validatingWebhooks } from "./admission/webhooks.ts"
import { noSuchResource } from "./api-error.ts"
import { createHandler, getDocument } from "./http/handler.ts"
import { createOpenApi } from "./http/openapi.ts"
import { createKubePort } from "./kube-port.ts"
import { startGarbageCollector } from "./loops/garbage-collector.ts"
import { startNamespaceFinalizer } from "./loops/namespace-finalizer.ts"
import { seed } from "./seed.ts"
import { Store } from "./store/store.ts"
import { ResourceTypes } from "./types/resource-types.ts"
import type { Core } from "./write/core.ts"
import { postSubresource } from "./write/subresources.ts"

export interface KubeApiOptions {
  readonly clock: Clock
  /** A number in [0, 1): uids and generated names. */
  readonly random?: () => number
  /** Host and port at which nodes reach the API: the endpoint of the service "kubernetes". */
  readonly endpoint?: { readonly host: string; readonly port: number }
  /** PEM of the certificate authority that clients shall trust, published in every namespace. */
  readonly certificateAuthority?: string
  readonly log?: Logger
  /** How validating webhooks behind services are reached; without it they count as having no endpoints. */
  readonly connectService?: ConnectService
}

/**
 * The lab's API server. `types/` says what is served, `store/` holds it, `read/` and `write/` are the operations, the
 * same for sockets (`http/`) and in-process callers (kube-port.ts); `kinds/` and `crd/` are what single kinds add,
 * `patch/` and `apply/` how objects change, `tables/` and `openapi/` what kubectl asks besides. Mount `handler` on any HTTP or HTTPS server, or use `kube` without one. */
export interface KubeApi extends Disposable {
  readonly handler: RequestListener
  readonly kube: Kube
}

export function createKubeApi(options: KubeApiOptions): KubeApi {
  const store = new Store()
  const types = new ResourceTypes()
  const core: Core = {
    store,
    types,
    clock: options.clock,
    uid: randomUUID,
    random: options.random ?? Math.random,
    certificateAuthority: options.certificateAuthority ?? "",
    admission: async (review) => {
      await mutatingWebhooks(store, options.connectService, review)
      validatingPolicies({ store, types }, review)
      await validatingWebhooks(store, options.connectService, review)
    },
  }
  const log = options.log ?? silentLogger
  const loops = new DisposableStack()
  loops.use(startGarbageCollector(core, log))
  loops.use(startNamespaceFinalizer(core, log))
  seed(core, options.endpoint ?? { host: "192.0.2.1", port: 443 })
  const kube = createKubePort(core, {
    raw: async (path) => {
      const document = getDocument(core, path)
      if (document === undefined) throw noSuchResource()
      return document.body
    },
    subresource: (type, target, body) =>
      postSubresource(core, type, target, body, { fieldManager: "lab" }),
  })
  const handler = createHandler({
    core,
    openapi: createOpenApi(core.types),
  })
  return { handler, kube, [Symbol.dispose]: () => loops.dispose() }
}
