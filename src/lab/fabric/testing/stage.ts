import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import type { NetNamespace } from "../../../kernel/kernel.ts"
import { netlinkKernel } from "../../../kernel/netlink/netlink-kernel.ts"
import { formatAddress } from "../../../vpc/cidr.ts"
import { listenInNamespace } from "../../sandbox/namespace-socket.ts"
import { runInNamespace } from "../../sandbox/run-in-namespace.ts"
import type { Fabric } from "../fabric.ts"
import { nearEndOf } from "../far-end.ts"
import { blocksOf, cidrOf, type FabricInterface, gatewayOf, type VpcView } from "../vpc-view.ts"
import { createFabric, type FabricOptions } from "../wired-fabric.ts"

/** A fabric and its nodes in namespaces below a folder of its own in `parent`, all removed at the end. */
export interface Stage extends AsyncDisposable {
  readonly fabric: Fabric
  /** The namespace that is the fabric. */
  readonly inside: NetNamespace
  node(instanceId: string): NetNamespace
  /** Takes over the view, and configures the nodes' links as an agent would. */
  show(view: VpcView): Promise<void>
  /** Whether an echo request with this source is answered. */
  ping(instanceId: string, source: string, destination: string): Promise<boolean>
  /** What an HTTP server answers, or undefined. `url` with a literal address. */
  get(instanceId: string, source: string, url: string): Promise<string | undefined>
  /** A server on every address of a node that answers with the source address it sees. */
  serve(instanceId: string, port: number): Promise<void>
}

export async function openStage(
  parent: string,
  nodes: readonly string[],
  options: Partial<FabricOptions> = {},
): Promise<Stage> {
  await using undo = new AsyncDisposableStack()
  const kernel = netlinkKernel()
  const folder = mkdtempSync(join(parent, "vpc-"))
  const create = (name: string) => {
    const path = `${folder}/${name}`
    const namespace = kernel.create(path)
    undo.defer(() => kernel.remove(path))
    return undo.use(namespace)
  }
  const inside = create("fabric")
  const spaces = new Map(nodes.map((name) => [name, create(name)]))
  const fabric = undo.use(await createFabric({ ...options, kernel, namespace: inside, folder }))
  for (const [instanceId, { path }] of spaces) await fabric.addNode({ instanceId, namespace: path })
  const owned = undo.move()
  // Also the hosts outside, by their links' names.
  const space = (id: string): NetNamespace => {
    const found = spaces.get(id) ?? kernel.open(`${folder}/${id}`)
    if (!found) throw new Error(`no namespace ${id}`)
    if (!spaces.has(id)) spaces.set(id, owned.use(found))
    return found
  }
  return {
    fabric,
    inside,
    node: space,
    show: async (view) => {
      await fabric.sync(view)
      for (const eni of view.interfaces) configure(space(eni.instanceId), eni, view)
    },
    ping: async (id, source, destination) => {
      const command = ["ping", "-n", "-c1", "-W1", "-I", source, destination] as const
      return (await output(space(id), command)) !== undefined
    },
    get: (id, source, url) =>
      output(space(id), ["curl", "-s", "-m1", "--noproxy", "*", "--interface", source, url]),
    serve: async (id, port) => {
      const server = createServer((request, response) => response.end(request.socket.remoteAddress))
      await listenInNamespace(server, space(id), { address: "0.0.0.0", port })
      owned.defer(() => {
        server.closeAllConnections()
        server.close()
      })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Standard output of a command that succeeds. */
async function output(
  namespace: NetNamespace,
  command: readonly [string, ...string[]],
): Promise<string | undefined> {
  const child = runInNamespace(namespace, command, { stdio: ["ignore", "pipe", "inherit"] })
  if (!child.stdout) throw new Error(`${spawn.name} ${command[0]} without output`)
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "exit")])
  return code === 0 ? said : undefined
}

/** As an agent does: every address of the ENI works as a source, by a routing table of the ENI's own. */
function configure(node: NetNamespace, eni: FabricInterface, view: VpcView): void {
  const link = nearEndOf(eni.deviceIndex)
  const subnet = view.subnets.find((s) => s.id === eni.subnetId)
  if (!subnet || !node.link(link)) return
  const gateway = formatAddress(gatewayOf(cidrOf(subnet.cidr)))
  const table = 100 + eni.deviceIndex
  node.apply([
    { do: "setLink", name: link, up: true },
    { do: "putRoute", route: { to: `${gateway}/32`, link, table, scope: "link" } },
    { do: "putRoute", route: { to: "0.0.0.0/0", via: gateway, link, table } },
  ])
  for (const block of blocksOf(eni)) {
    const address = formatAddress(cidrOf(block).base)
    const own = eni.deviceIndex === 0 && address === eni.primaryAddress
    if (own) continue
    node.apply([
      { do: "putAddress", link, address: `${address}/32` },
      { do: "putRule", rule: { priority: 1536, from: block, table } },
    ])
  }
}
