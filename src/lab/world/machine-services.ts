import { createServer } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Node } from "../../api/core.ts"
import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { CloudInstance } from "../../ec2/memory/records.ts"
import type { NetNamespace } from "../../kernel/kernel.ts"
import { selfSigned } from "../../tls/certificate.ts"
import { createImds } from "../aws/imds.ts"
import type { KubeletServer } from "../kubelet/server/kubelet-server.ts"
import { listenInNamespace } from "../sandbox/namespace-socket.ts"
import { closeServer } from "./serve-http.ts"

const kubeletPort = 10250
/** EC2 user guide, "Instance metadata". */
const metadataAddress = "169.254.169.254"

interface MetadataHost {
  cloud: Cloud
  clock: Clock
  random: () => number
}

/** What the image and kube-proxy have done by the time the first pod starts. */
export async function prepareNamespace(namespace: NetNamespace): Promise<void> {
  namespace.apply([{ do: "sysctl", key: "net.ipv4.ip_forward", value: "1" }])
  // The kernel follows connections only where a rule looks at their state. Without one from the start, the first SNAT
  // rule would take connections under way for new ones and change their ports.
  await namespace.nft(`table ip lab {
    chain follow { type filter hook output priority 0; ct state invalid counter; }
  }\n`)
}

export async function serveMetadata(
  { cloud, clock, random }: MetadataHost,
  instance: CloudInstance,
  namespace: NetNamespace,
): Promise<AsyncDisposable> {
  namespace.apply([{ do: "putAddress", link: "lo", address: `${metadataAddress}/32` }])
  const server = createServer(createImds(cloud, instance.id, { clock, random }))
  await listenInNamespace(server, namespace, { address: metadataAddress, port: 80 })
  return { [Symbol.asyncDispose]: () => closeServer(server) }
}

/** Where API servers reach kubelets. They do not check the certificate unless told whose it is. */
export async function serveKubelet(
  service: KubeletServer,
  { metadata: { name }, status }: Node,
  { namespace, clock }: { namespace: NetNamespace; clock: Clock },
): Promise<AsyncDisposable> {
  const addresses = (status?.addresses ?? [])
    .filter((a) => a.type === "InternalIP")
    .map((a) => a.address)
  const names = { commonName: name, dnsNames: [name], addresses, now: clock.now() }
  const server = createTlsServer(selfSigned(names), service.handler)
  server.on("upgrade", service.upgrade)
  await listenInNamespace(server, namespace, { address: "0.0.0.0", port: kubeletPort })
  return { [Symbol.asyncDispose]: () => closeServer(server) }
}
