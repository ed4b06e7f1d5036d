import type { Flow, Trace } from "./trace-flow.ts"
import type { VpcView } from "./vpc-view.ts"

/**
 * The VPC between nodes: delivers, routes, translates and drops as EC2 documents. Two implementations: wired (network
 * namespaces) and hollow (decides, wires nothing).
 */
export interface Fabric extends AsyncDisposable {
  /** False when packets cannot be sent, only reasoned about. */
  readonly wired: boolean
  /** Makes known in which namespace an instance's interfaces appear. The namespace stays the caller's. */
  addNode(node: FabricNode): Promise<void>
  /** Takes the instance's links away. Absent is success. */
  removeNode(instanceId: string): Promise<void>
  /**
   * Takes over the whole truth about the VPC. Resolves when it is in force, except that interfaces which are new appear
   * after their delay. Calls that overlap are merged: the last view counts.
   */
  sync(view: VpcView): Promise<void>
  /** What would happen to a packet now, and why. */
  trace(flow: Flow): Trace
  state(): Promise<FabricState>
}

export interface FabricNode {
  readonly instanceId: string
  /** Path of its network namespace: /run/netns/NODE. */
  readonly namespace: string
}

/** For people who debug. */
export interface FabricState {
  readonly nodes: readonly FabricNode[]
  readonly interfaces: readonly InterfaceState[]
  /** Packets dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>
}

export interface InterfaceState {
  readonly id: string
  readonly instanceId: string
  /** Name inside the node. */
  readonly link: string
  /** `waiting` for its delay or its node. */
  readonly state: "wired" | "waiting" | "hollow"
  readonly owns: readonly string[]
  readonly groups: readonly string[]
  /** Packets that its security groups refused. */
  readonly denied: { readonly in: number; readonly out: number }
}
