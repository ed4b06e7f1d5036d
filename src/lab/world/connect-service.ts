import { once } from "node:events"
import { connect, type Socket } from "node:net"
import type { KubeObject } from "../../api/meta.ts"
import { pods, type Resource } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"
import type { ConnectCluster } from "../control-plane/egress-proxy.ts"
import type { ConnectService } from "../kubeapi/admission/webhook-call.ts"

interface Service extends KubeObject {
  spec?: {
    clusterIP?: string
    selector?: Record<string, string>
    ports?: { port: number; targetPort?: number | string }[]
  }
}

const services: Resource<Service> = {
  group: "",
  version: "v1",
  plural: "services",
  kind: "Service",
  namespaced: true,
}

/** A connection to a program on a node; undefined when the node does not run. */
type ConnectNode = (node: string, port: number) => Socket | undefined

/** Leads the embedded API server to a service. */
export function serviceConnector(kube: () => Kube, connectNode: ConnectNode): ConnectService {
  return async ({ namespace, name, port }) => {
    const service = await kube().get(services, name, namespace)
    return await connectTo(kube(), connectNode, service ?? unknown(name, namespace), port)
  }
}

/** Leads kube-apiserver to the cluster address of a service, as kube-proxy would, and to all others as they are. */
export function clusterConnector(kube: () => Kube, connectNode: ConnectNode): ConnectCluster {
  return async (host, port) => {
    const { items } = isServiceAddress(host) ? await kube().list(services, {}) : { items: [] }
    const service = items.find(({ spec }) => spec?.clusterIP === host)
    if (service) return await connectTo(kube(), connectNode, service, port)
    const socket = connect(port, host)
    await once(socket, "connect")
    return socket
  }
}

/** --service-cluster-ip-range. */
const isServiceAddress = (host: string) => host.startsWith("10.96.")

const unknown = (name: string, namespace: string): Service => ({
  apiVersion: "v1",
  kind: services.kind,
  metadata: { name, namespace },
})

/**
 * Connects to a service whose pods live on their nodes' own network, such as the controller's webhook: to the node of
 * the first pod that answers.
 */
async function connectTo(
  kube: Kube,
  connectNode: ConnectNode,
  { metadata: { name, namespace = "" }, spec }: Service,
  port: number,
): Promise<Socket> {
  const target = spec?.ports?.find((p) => p.port === port)?.targetPort ?? port
  const labels = Object.entries(spec?.selector ?? {}).map(([k, v]) => `${k}=${v}`)
  const query = { namespace, labelSelector: labels.join(",") }
  const { items } = labels.length > 0 ? await kube.list(pods, query) : { items: [] }
  for (const pod of items) {
    if (!pod.spec.hostNetwork || pod.status?.phase !== "Running") continue
    const socket = connectNode(pod.spec.nodeName ?? "", Number(target))
    if (socket && (await isOpen(socket))) return socket
  }
  throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
}

const isOpen = (socket: Socket): Promise<boolean> =>
  once(socket, "connect").then(
    () => true,
    () => false,
  )
