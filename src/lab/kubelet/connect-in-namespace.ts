import { connect, type Socket } from "node:net"
import type { NetNamespace } from "../../kernel/kernel.ts"

/**
 * Opens a TCP connection from inside a network namespace. Node connects in the same turn only when it has a host name
 * whose look-up answers at once, hence the stand-in name; with an address it would make the socket a tick later, when
 * the thread has left the namespace.
 */
export function connectInNamespace(
  namespace: NetNamespace,
  endpoint: { address: string; port: number },
): Socket {
  return namespace.enter(() =>
    connect({
      host: "endpoint.invalid",
      port: endpoint.port,
      family: 4,
      autoSelectFamily: false,
      lookup: (_name, _options, answer) => answer(null, endpoint.address, 4),
    }),
  )
}
