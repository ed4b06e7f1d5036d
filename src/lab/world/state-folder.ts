import { join } from "node:path"
import type { Scenario } from "../scenario.ts"

/** Files in a lab's state folder: launcher and world meet here. */
export const stateFiles = (folder: string) => ({
  /** What the world is to be: written by the launcher. */
  input: join(folder, "world.json"),
  /** For people and kubectl on the machine. */
  kubeconfig: join(folder, "kubeconfig"),
  /** For what runs inside the lab. */
  insideKubeconfig: join(folder, "inside.kubeconfig"),
  /** For one pod, where the API tells them apart. */
  podKubeconfig: (namespace: string, name: string) =>
    join(folder, `${namespace}.${name}.kubeconfig`),
  /** The launcher relays its TCP ports to these. */
  kubeSocket: join(folder, "kube.sock"),
  ec2Socket: join(folder, "ec2.sock"),
  /** A node's root folder: what a host would have at /. */
  node: (name: string) => join(folder, "nodes", name),
  controlPlane: join(folder, "control-plane"),
})

export type StateFiles = ReturnType<typeof stateFiles>

export interface WorldInput {
  readonly name: string
  readonly folder: string
  readonly scenario: Scenario
  readonly controlPlane?: string
}

/** What the world tells its launcher when it is ready, besides that it is. */
export interface WorldFacts extends Record<string, string> {
  /** PEM. */
  ca: string
  /** Bearer token. */
  token: string
}
