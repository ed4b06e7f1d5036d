import type { Node, Pod } from "../../api/core.ts"
import type {
  NodeInterface,
  NodeNetwork,
  NodeNetworkStatus,
  PlacementStatus,
} from "../../api/nodenetwork.ts"
import { nodeNetworks } from "../../api/resources.ts"
import type { Kube } from "../../kube/kube.ts"

export const testNode = (name: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, uid: `uid-${name}` },
  spec: { providerID: "aws:///us-west-2a/i-0123456789abcdef0" },
  status: { capacity: { pods: "110" } },
})

export const testPod = (name: string, node: string, more: Partial<Pod["spec"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", uid: `uid-${name}` },
  spec: { nodeName: node, containers: [{ name: "c" }], ...more },
  status: { phase: "Pending" },
})

/** The node's own ENI, in 10.0.0.0/24. */
export const primaryInterface = (): NodeInterface => ({
  id: "eni-0",
  mac: "0a:00:00:00:00:00",
  deviceIndex: 0,
  networkCard: 0,
  primary: true,
  subnetID: "subnet-node",
  subnetCIDR: "10.0.0.0/24",
  securityGroups: ["sg-node"],
  placement: "node",
  state: "Ready",
  primaryAddress: "10.0.0.10",
  addresses: [],
  prefixes: [],
})

/** Secondary ENI `index`, in 100.64.INDEX.0/24, with `count` addresses for pods. */
export function podInterface(index: number, count: number): NodeInterface {
  const at = (host: number) => `100.64.${index}.${host}`
  return {
    ...primaryInterface(),
    id: `eni-${index}`,
    mac: `0a:00:00:00:00:0${index}`,
    deviceIndex: index,
    primary: false,
    subnetID: `subnet-pods-${index}`,
    subnetCIDR: `${at(0)}/24`,
    securityGroups: ["sg-pods"],
    primaryAddress: at(10),
    addresses: Array.from({ length: count }, (_, i) => at(11 + i)),
  }
}

const ready: PlacementStatus = {
  placement: "node",
  object: "ENIConfig/us-west-2a",
  subnets: ["subnet-pods-1", "subnet-pods-2", "subnet-pods-3"],
  securityGroups: ["sg-pods"],
  ready: true,
}

/** Stands in for the controller: writes the status that a test wants to see. */
export class FakeController {
  readonly #kube: Kube
  readonly #node: string

  constructor(kube: Kube, node: string) {
    this.#kube = kube
    this.#node = node
  }

  async read(): Promise<NodeNetwork | undefined> {
    return this.#kube.get(nodeNetworks, this.#node)
  }

  /** Grants these interfaces for the spec as it is now. */
  async grant(
    interfaces: readonly NodeInterface[],
    more: Partial<NodeNetworkStatus> = {},
  ): Promise<void> {
    const object = await this.read()
    if (!object) throw new Error(`the agent has not made NodeNetwork ${this.#node} yet`)
    const status: NodeNetworkStatus = {
      observedGeneration: object.metadata.generation ?? 0,
      vpc: { id: "vpc-1", cidrs: ["10.0.0.0/16", "100.64.0.0/16"] },
      limits: { interfaces: 4, addressesPerInterface: 15, prefixes: true },
      placements: [ready],
      interfaces: [...interfaces],
      conditions: [],
      ...more,
    }
    await this.#kube.patch(
      nodeNetworks,
      { name: this.#node },
      {
        type: "merge",
        subresource: "status",
        body: { status },
      },
    )
  }

  /** Says that the node placement cannot be served, as the controller words it. */
  refuse(code: string, message: string, hint: string): Promise<void> {
    const placement = { ...ready, ready: false, code, message, hint }
    return this.grant([primaryInterface()], { placements: [placement] })
  }
}
