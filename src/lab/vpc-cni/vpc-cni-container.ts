import { randomBytes } from "node:crypto"
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createServer, type Server } from "node:net"
import { dirname, join } from "node:path"
import type { Node } from "../../api/core.ts"
import { eniConfigs, nodes } from "../../api/resources.ts"
import type { Clock } from "../../clock.ts"
import { relayBinary } from "../../cni/relay-binary.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { listenUnix } from "../../http/listen-unix.ts"
import type { Kube } from "../../kube/kube.ts"
import { bindNode } from "../../placement/binding.ts"
import type { StartRequest } from "../kubelet/pod/container-starter.ts"
import type { Exit, RunningContainer } from "../kubelet/runtime/container.ts"
import { Ipamd } from "./ipamd.ts"

export interface VpcCniHost {
  readonly kube: Kube
  readonly cloud: Cloud
  readonly clock: Clock
  /** The node's root folder. */
  readonly root: string
}

/**
 * A container that stands in for the original's aws-node: it decides addresses as ipamd does and wires nothing. The
 * runtime reaches it by the relay that Berth's plugin is, which knows nothing of who answers.
 */
export async function startVpcCni(
  host: VpcCniHost,
  { pod, container, log }: StartRequest,
): Promise<RunningContainer> {
  const env = Object.fromEntries((container.env ?? []).map((e) => [e.name, e.value ?? ""]))
  const exited = Promise.withResolvers<Exit>()
  let server: Server | undefined
  const end = (exit: Exit) => {
    server?.close()
    log.close()
    exited.resolve(exit)
  }
  try {
    const used = checkpoint(join(host.root, "var/run/aws-node/ipam.json"))
    const ipamd = await ipamdOf(host, pod.spec.nodeName ?? "", env, used.addresses)
    await ipamd.start()
    server = createServer({ allowHalfOpen: true }, (connection) => {
      const chunks: Buffer[] = []
      connection.on("data", (chunk) => chunks.push(chunk)).on("error", () => {})
      connection.on("end", () => {
        void reply(ipamd, Buffer.concat(chunks).toString()).then((text) => {
          used.write()
          connection.end(text)
        })
      })
    })
    const socket = join(host.root, "var/run/aws-node/cni.sock")
    await listenUnix(server, socket)
    await installPlugin(host.root, socket)
    log.write("stdout", "Successfully copied CNI plugin binary and config file.")
  } catch (error) {
    log.write("stderr", (error as Error).message)
    end({ exitCode: 1, reason: "Error" })
  }
  return {
    id: randomBytes(32).toString("hex"),
    startedAt: host.clock.now(),
    log,
    exited: exited.promise,
    stop: async () => end({ exitCode: 0, reason: "Completed" }),
  }
}

/** The relay as `aws-cni`, with the link that it finds the socket by, and the configuration that names it. */
async function installPlugin(root: string, socket: string): Promise<void> {
  const folder = join(root, "opt/cni/bin")
  const program = join(folder, "aws-cni")
  rmSync(program, { force: true })
  copyFileSync((await relayBinary()).path, program)
  chmodSync(program, 0o755)
  const link = join(folder, "berth-cni.sock")
  rmSync(link, { force: true })
  symlinkSync(socket, link)
  const config = { cniVersion: "1.0.0", name: "aws-cni", plugins: [{ type: "aws-cni" }] }
  writeFileSync(join(root, "etc/cni/net.d/10-aws.conflist"), JSON.stringify(config))
}

/** One call of the relay, answered with an exit code and the plugin's output. */
async function reply(ipamd: Ipamd, request: string): Promise<string> {
  const [header = "", config = "{}"] = request.split("\n\n")
  const variable = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(header)?.[1] ?? ""
  const { cniVersion = "1.0.0" } = JSON.parse(config) as { cniVersion?: string }
  const container = variable("CNI_CONTAINERID")
  const command = variable("CNI_COMMAND")
  try {
    if (command === "DEL") ipamd.del(container)
    if (command !== "ADD") return "0\n"
    const ips = [{ address: `${await ipamd.add(container)}/32` }]
    return `0\n${JSON.stringify({ cniVersion, ips })}`
  } catch (error) {
    const msg = `add cmd: ${(error as Error).message}`
    return `1\n${JSON.stringify({ cniVersion, code: 11, msg })}`
  }
}

async function ipamdOf(
  { kube, cloud }: VpcCniHost,
  nodeName: string,
  env: Readonly<Record<string, string>>,
  used: Map<string, string>,
): Promise<Ipamd> {
  const node = await kube.get(nodes, nodeName)
  const instance = cloud.core.tables.instance.get(node?.spec?.providerID?.split("/").pop() ?? "")
  if (node === undefined || instance === undefined) throw new Error("the node has no instance")
  const customNetworking = env["AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"] === "true"
  return new Ipamd({
    ...{ core: cloud.core, instance, customNetworking, used },
    config: async () => (customNetworking ? eniConfigOf(kube, node, env) : undefined),
  })
}

async function eniConfigOf(kube: Kube, node: Node, env: Readonly<Record<string, string>>) {
  const decision = bindNode(node.metadata, {
    annotationKey: env["ENI_CONFIG_ANNOTATION_DEF"] ?? "",
    labelKey: env["ENI_CONFIG_LABEL_DEF"] ?? "",
  })
  if (!decision.ok) throw decision.refusal
  const { name } = decision.binding
  const config = await kube.get(eniConfigs, name)
  if (config === undefined)
    throw new Error(
      `error while retrieving eniconfig: ENIConfig.crd.k8s.amazonaws.com "${name}" not found`,
    )
  return config
}

/** Addresses by container, in a file of the node. */
function checkpoint(file: string): { addresses: Map<string, string>; write: () => void } {
  mkdirSync(dirname(file), { recursive: true })
  const addresses = new Map<string, string>(entriesOf(file))
  return { addresses, write: () => writeFileSync(file, JSON.stringify([...addresses])) }
}

function entriesOf(file: string): [string, string][] {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}
