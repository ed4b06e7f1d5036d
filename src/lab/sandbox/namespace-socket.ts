import type { Server } from "node:net"
import koffi from "koffi"
import { fail } from "../../errors/catalogue.ts"
import type { NetNamespace } from "../../kernel/kernel.ts"

const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2

const libc = process.platform === "linux" ? koffi.load(null) : undefined
const call = (signature: string) =>
  libc?.func(signature) ??
  (() => {
    throw new Error("network namespaces exist on Linux only")
  })
const socket = call("int socket(int domain, int type, int protocol)")
const bind = call("int bind(int fd, const void *address, uint32_t length)")
const setsockopt = call(
  "int setsockopt(int fd, int level, int name, const void *value, uint32_t length)",
)
const close = call("int close(int fd)")

export interface Endpoint {
  /** An IPv4 address of the namespace; 0.0.0.0 for all. */
  readonly address: string
  readonly port: number
}

/**
 * Makes `server` listen inside `namespace` while the process stays where it is: a socket belongs for good to the
 * namespace it was born in (network_namespaces(7)). Resolves when it listens; rejects with kernel/refused.
 */
export async function listenInNamespace(
  server: Server,
  namespace: NetNamespace,
  endpoint: Endpoint,
): Promise<void> {
  const fd = namespace.enter(() => boundSocket(endpoint, namespace.path))
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen({ fd }, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

function boundSocket(endpoint: Endpoint, where: string): number {
  const fd: number = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
  if (fd < 0) throw refused("socket", endpoint, where)
  const on = Buffer.from(Int32Array.of(1).buffer)
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, on.length)
  const address = socketAddress(endpoint)
  if (bind(fd, address, address.length) === 0) return fd
  const error = refused("listen on", endpoint, where)
  close(fd)
  throw error
}

/** struct sockaddr_in (ip(7)): family in host order, port and address in network order. */
function socketAddress({ address, port }: Endpoint): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  for (const [i, part] of address.split(".").entries()) bytes.writeUInt8(Number(part), 4 + i)
  return bytes
}

function refused(operation: string, endpoint: Endpoint, where: string) {
  const number = koffi.errno()
  const name = Object.entries(koffi.os.errno).find(([, n]) => n === number)?.[0] ?? `${number}`
  const object = `${endpoint.address}:${endpoint.port} in ${where}`
  return fail("kernel/refused", { operation, object, errno: name })
}
