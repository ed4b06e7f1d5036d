import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Pod } from "../../api/core.ts"
import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { NetNamespace } from "../../kernel/kernel.ts"
import type { Kube } from "../../kube/kube.ts"
import { containerEnv, type EnvSources, expand } from "../kubelet/pod/container-env.ts"
import type { StartContainer, StartRequest } from "../kubelet/pod/container-starter.ts"
import { hostFolders, translatePaths } from "../kubelet/pod/host-paths.ts"
import type { RunningContainer } from "../kubelet/runtime/container.ts"
import { startProcess } from "../kubelet/runtime/process-container.ts"
import { startWhoami } from "../kubelet/runtime/whoami-container.ts"
import { judge } from "../kubelet/server/commands.ts"
import { startVpcCni } from "../vpc-cni/vpc-cni-container.ts"
import { configMaps, secrets } from "./config-objects.ts"

/** An image that is a real program of this repository. */
export interface Program {
  image: RegExp
  /** Path of its main file. */
  script: string
  /** What the lab adds to the pod's environment, on the node whose root folder is `root`. */
  env: (root: string) => Readonly<Record<string, string>>
}

export interface ProgramHost {
  kube: Kube
  cloud: Cloud
  clock: Clock
  programs: readonly Program[]
  /** The node's; undefined where nothing is wired. */
  namespace: NetNamespace | undefined
  /** The node's root folder. */
  root: string
  hostAddress: string
  /** Path of a pod's kubeconfig. */
  kubeconfigFor: (pod: Pod) => Promise<string>
  /** Put before a program's command line. */
  prefix: readonly string[]
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Paths of the main files of Berth's own programs. */
export interface Scripts {
  readonly agent: string
  readonly controller: string
}

export const fromSources: Scripts = {
  agent: here("../../agent/main.ts"),
  controller: here("../../controller/main.ts"),
}

/** Matches `REGISTRY/NAME:TAG`, also by digest or without a tag. */
export const imageNamed = (name: string): RegExp => new RegExp(`(^|/)${name}([:@]|$)`)

const vpcCni = imageNamed("amazon-k8s-cni")

/** Starts the containers of one node: Berth's own images and network tools as real processes, the rest as stand-ins. */
export function containerStarter(host: ProgramHost): StartContainer {
  return async (request) => {
    const { pod, container, sandbox, log } = request
    const program = host.programs.find((p) => p.image.test(container.image ?? ""))
    if (program) return await startProgram(host, program, request)
    if (vpcCni.test(container.image ?? "")) return await startVpcCni(host, request)
    const words = [...(container.command ?? []), ...(container.args ?? [])]
    const verdict = words.length > 0 && sandbox?.namespace ? judge(words) : undefined
    // `kubectl run probe --image=busybox -- ping ...`: the same programs that exec may run.
    if (verdict && "command" in verdict)
      return startProcess({
        command: asCommand([...host.prefix, ...verdict.command]),
        env: inherited(),
        namespace: sandbox?.namespace,
        log,
        clock: host.clock,
      })
    return await startWhoami({
      pod,
      container,
      log,
      clock: host.clock,
      namespace: sandbox?.namespace,
      address: sandbox?.address ?? host.hostAddress,
    })
  }
}

async function startProgram(
  host: ProgramHost,
  program: Program,
  { pod, container, sandbox, log }: StartRequest,
): Promise<RunningContainer> {
  const { namespace = "default" } = pod.metadata
  const declared = await containerEnv(pod, container, sourcesFor(host, namespace, sandbox?.address))
  for (const folder of hostFolders(pod.spec))
    mkdirSync(join(host.root, folder), { recursive: true })
  const args = (container.args ?? []).map((arg) => expand(arg, declared))
  return startProcess({
    command: asCommand([
      ...host.prefix,
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      program.script,
      ...args,
    ]),
    env: {
      ...inherited(),
      KUBECONFIG: await host.kubeconfigFor(pod),
      ...declared,
      ...translatePaths(pod.spec, container, declared, host.root),
      ...program.env(host.root),
    },
    namespace: pod.spec.hostNetwork ? host.namespace : sandbox?.namespace,
    log,
    clock: host.clock,
  })
}

/** Of this process's own environment a container sees only where programs and compiled code are. */
function inherited(): Record<string, string> {
  const names = ["PATH", "NODE_COMPILE_CACHE"]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function asCommand(words: readonly string[]): [string, ...string[]] {
  const [program = "", ...rest] = words
  return [program, ...rest]
}

const sourcesFor = (
  { kube, hostAddress }: ProgramHost,
  namespace: string,
  podAddress = "",
): EnvSources => ({
  hostAddress,
  podAddress,
  configMap: async (name) => (await kube.get(configMaps, name, namespace))?.data,
  secret: async (name) => {
    const data = (await kube.get(secrets, name, namespace))?.data
    return (
      data &&
      Object.fromEntries(
        Object.entries(data).map(([k, v]) => [k, Buffer.from(v, "base64").toString()]),
      )
    )
  },
})
