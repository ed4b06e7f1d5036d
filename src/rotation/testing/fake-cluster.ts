import type { Node, Pod } from "../../api/core.ts"
import { nodes, pods } from "../../api/resources.ts"
import { type MemoryKube, memoryKube } from "../../kube/memory/memory-kube.ts"
import { virtualClock } from "../../testing/virtual-clock.ts"
import type { ScalingGroups } from "../rotation-ports.ts"

const web = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "1" }

/** One Auto Scaling group over the in-memory Kubernetes API: it makes ready nodes, and a scheduler of one line. */
export class FakeCluster implements ScalingGroups {
  readonly clock = virtualClock(Date.parse("2026-11-23T00:00:00Z"))
  readonly kube: MemoryKube = memoryKube({ clock: this.clock })
  /** Wanted size and limit of the group. */
  desired = 0
  max = 3
  restored = 0
  /** The most members it has had. */
  largest = 0
  launchFailure: string | undefined
  readonly #grouped = new Set<string>()
  #made = 0

  async addNode(name: string, grouped = true): Promise<Node> {
    const id = `i-${name}`
    if (grouped) {
      this.#grouped.add(id)
      this.largest = Math.max(this.largest, this.#grouped.size)
      this.desired = Math.max(this.desired, this.#grouped.size)
    }
    const node = await this.kube.create(nodes, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      spec: { providerID: `aws:///us-west-2a/${id}` },
    })
    const status = { conditions: [{ type: "Ready", status: "True" }] }
    return this.kube.replace(nodes, { ...node, status }, "status")
  }

  async addPod(name: string, node: string, more: Partial<Pod["metadata"]> = {}): Promise<Pod> {
    const owner = { ...web, controller: true }
    const pod = await this.kube.create(pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "shop", ownerReferences: [owner], ...more },
      spec: { nodeName: node, containers: [] },
    })
    return this.kube.replace(
      pods,
      { ...pod, status: { phase: "Running", podIP: "100.64.0.9" } },
      "status",
    )
  }

  /** What the world does by itself between two steps. */
  async settle(): Promise<void> {
    if (this.launchFailure !== undefined) return
    while (this.#grouped.size < this.desired) await this.addNode(`new-${++this.#made}`)
  }

  async nodeNames(): Promise<string[]> {
    return (await this.kube.list(nodes)).items.map((n) => n.metadata.name).sort()
  }

  async groupsOf(ids: readonly string[]): Promise<Map<string, string>> {
    return new Map(ids.filter((id) => this.#grouped.has(id)).map((id) => [id, "asg-1"]))
  }

  async scale(_group: string, atLeast: number): Promise<void> {
    this.max = Math.max(this.max, atLeast)
    this.desired = Math.max(this.desired, atLeast)
  }

  async terminate(id: string, group: string | undefined, keepSize = false): Promise<void> {
    const name = id.slice("i-".length)
    if ((await this.kube.get(nodes, name)) === undefined) return
    await this.kube.remove(nodes, { name })
    if (group !== undefined && this.#grouped.delete(id) && !keepSize) this.desired--
  }

  async restore(): Promise<void> {
    this.restored++
    this.max = 3
  }

  async trouble(): Promise<string | undefined> {
    return this.launchFailure
  }
}
