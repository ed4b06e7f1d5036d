import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { serviceAccounts } from "../../../api/resources.ts"
import { type Clock, systemClock } from "../../../clock.ts"
import type { Kube } from "../../../kube/kube.ts"
import { silentLogger } from "../../../log.ts"
import { createKubeApi } from "../../kubeapi/kube-api.ts"
import { type LabPod, labPods } from "../../loops/pod.ts"
import { type Kubelet, startKubelet } from "../kubelet.ts"
import { nodeObject } from "../node/node-object.ts"
import type { PodRuntime } from "../pod/pod-runtime.ts"
import { Sandboxes } from "../runtime/sandbox.ts"
import { startWhoami } from "../runtime/whoami-container.ts"
import { type FakePlugin, fakePlugin } from "./fake-plugin.ts"

export interface NodeWorld extends AsyncDisposable {
  kube: Kube
  name: string
  plugin: FakePlugin
  /** "REASON message" of every event, in order. */
  events: string[]
  kubelet: Kubelet
  /** Stops the kubelet and starts another one on the same node. */
  restart(): Promise<void>
  addPod(
    name: string,
    spec?: Partial<LabPod["spec"]>,
    metadata?: Partial<LabPod["metadata"]>,
  ): Promise<LabPod>
  pod(name: string): Promise<LabPod | undefined>
  until<T>(
    what: string,
    look: () => Promise<T | undefined | false> | T | undefined | false,
  ): Promise<T>
}

/** Sleeps shorter than they say: back-off is measured in seconds, tests are not. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 50), signal),
}

const facts = {
  instanceId: "i-1",
  instanceType: "m5.large",
  zone: "us-west-2a",
  region: "us-west-2",
  imageId: "ami-1",
  privateAddress: "10.0.0.5",
}

/** One kubelet over the embedded API, with a CNI plugin that is a script, and nothing wired. */
export async function nodeWorld(): Promise<NodeWorld> {
  const root = mkdtempSync(join(tmpdir(), "berth-kubelet-"))
  const plugin = fakePlugin(root)
  const api = createKubeApi({ clock: systemClock })
  const { kube } = api
  await addDefaultAccount(kube)
  const events: string[] = []
  const start = kubeletStarter({ kube, root, plugin, events })
  const { name } = start.node.metadata
  const world: NodeWorld = {
    ...{ kube, name, plugin, events },
    kubelet: await start(),
    async restart() {
      await world.kubelet.stop()
      world.kubelet = await start()
    },
    addPod: (podName, spec = {}, metadata = {}) =>
      kube.create(labPods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: podName, namespace: "default", ...metadata },
        spec: { nodeName: name, containers: [{ name: "app", image: "app:1" }], ...spec },
      }),
    pod: (podName) => kube.get(labPods, podName, "default"),
    async until(what, look) {
      const deadline = Date.now() + 10_000
      for (;;) {
        const seen = await look()
        if (seen !== undefined && seen !== false) return seen
        if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}\n${events.join("\n")}`)
        await systemClock.sleep(10)
      }
    },
    async [Symbol.asyncDispose]() {
      await world.kubelet.stop()
      api[Symbol.dispose]()
      rmSync(root, { recursive: true, force: true })
    },
  }
  return world
}

/** Pods want the account of their namespace. */
async function addDefaultAccount(kube: Kube): Promise<void> {
  const metadata = { name: "default", namespace: "default" }
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata }
  await kube.create(serviceAccounts, account).catch(() => {})
}

interface StarterOptions {
  kube: Kube
  root: string
  plugin: FakePlugin
  events: string[]
}

/** Starts kubelets of one node, one after another. */
function kubeletStarter({ kube, root, plugin, events }: StarterOptions) {
  const node = nodeObject(facts, "v1.35.4")
  const runtimes = new Map<string, PodRuntime>()
  const now = () => Date.now()
  const sandboxes = new Sandboxes({ ...plugin, namespace: undefined, kernel: undefined, now })
  const start = () =>
    startKubelet({
      ...{ kube, node, sandboxes, runtimes },
      clock: hurried,
      random: Math.random,
      log: silentLogger,
      record: (_about, _type, reason, message) => events.push(`${reason} ${message}`),
      hostAddress: facts.privateAddress,
      logFolder: join(root, "logs"),
      readBackMs: 50,
      startContainer: ({ pod, container, sandbox, log }) =>
        startWhoami({
          ...{ pod, container, log },
          clock: systemClock,
          namespace: undefined,
          address: sandbox?.address ?? "",
        }),
      probeTarget: () => ({ connect: () => undefined, exec: async () => 0, address: "" }),
    })
  return Object.assign(start, { node })
}
