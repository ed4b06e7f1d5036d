import { once } from "node:events"
import type { Socket } from "node:net"
import type { KubeObject } from "../../api/meta.ts"
import { pods, type Resource } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"
import type { ConnectService } from "../kubeapi/admission/webhook-call.ts"

interface Service extends KubeObject {
  spec?: {
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

/**
 * Leads the API server to a service whose pods live on their nodes' own network, such as the controller's webhook: to
 * the node of the first pod that answers. `connectNode` opens a connection to a program on a node.
 */
export function serviceConnector(
  kube: () => Kube,
  connectNode: (node: string, port: number) => Socket | undefined,
): ConnectService {
  return async ({ namespace, name, port }) => {
    const service = await kube().get(services, name, namespace)
    const target = service?.spec?.ports?.find((p) => p.port === port)?.targetPort ?? port
    const labels = Object.entries(service?.spec?.selector ?? {}).map(([k, v]) => `${k}=${v}`)
    const query = { namespace, labelSelector: labels.join(",") }
    const { items } = labels.length > 0 ? await kube().list(pods, query) : { items: [] }
    for (const pod of items) {
      if (!pod.spec.hostNetwork || pod.status?.phase !== "Running") continue
      const socket = connectNode(pod.spec.nodeName ?? "", Number(target))
      if (socket && (await isOpen(socket))) return socket
    }
    throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  }
}

const isOpen = (socket: Socket): Promise<boolean> =>
  once(socket, "connect").then(
    () => true,
    () => false,
  )
