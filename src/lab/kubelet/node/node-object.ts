import { release } from "node:os"
import type { Node } from "../../../api/core.ts"
import { limitsOf } from "../../../vpc/instance-limits.ts"
import { readUserData } from "./user-data.ts"

/** What a kubelet knows of the machine it runs on, mostly from its instance metadata. */
export interface NodeFacts {
  instanceId: string
  instanceType: string
  zone: string
  region: string
  imageId: string
  privateAddress: string
  /** Base64, as EC2 keeps it. */
  userData?: string
  /** Label of a managed node group. */
  nodeGroup?: string
}

/** EKS nodes are named after the private DNS name of their instance. */
export const nodeName = (facts: Pick<NodeFacts, "privateAddress" | "region">): string => {
  const host = `ip-${facts.privateAddress.replaceAll(".", "-")}`
  return facts.region === "us-east-1"
    ? `${host}.ec2.internal`
    : `${host}.${facts.region}.compute.internal`
}

/** vCPUs and memory by size, for the scheduler: about right for general purpose types, which is all a lab needs. */
const sizes: Readonly<Record<string, number>> = {
  nano: 2,
  micro: 2,
  small: 2,
  medium: 2,
  large: 2,
  xlarge: 4,
  metal: 96,
}

function vCpus(type: string): number {
  const size = type.split(".")[1] ?? ""
  const times = /^(\d+)xlarge/.exec(size)?.[1]
  return times ? Number(times) * 4 : (sizes[size.split("-")[0] ?? ""] ?? 2)
}

/** In the words of Go, which Kubernetes uses. */
const architecture = process.arch === "arm64" ? "arm64" : "amd64"

/** The Node as a kubelet on EKS registers it: not ready, until its network is. */
export function nodeObject(facts: NodeFacts, kubeletVersion: string): Node {
  const name = nodeName(facts)
  const type = limitsOf(facts.instanceType)
  const settings = readUserData(facts.userData, {
    default_enis: type.maxEnis,
    ips_per_eni: type.ipv4PerEni,
  })
  const cpus = vCpus(facts.instanceType)
  const memoryKi = cpus * 4 * 1024 * 1024
  // kubeReserved as the EKS images compute it from max-pods (bootstrap.sh): memory = 11 Mi per pod + 255 Mi.
  const reservedKi = (11 * settings.maxPods + 255 + 100) * 1024
  const shared = { "ephemeral-storage": "83873772Ki", pods: String(settings.maxPods) }
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { ...labelsOf(facts, name), ...settings.labels },
    },
    spec: {
      providerID: `aws:///${facts.zone}/${facts.instanceId}`,
      // Admission adds it where it runs; with it from the start no pod is bound before the network is ready.
      taints: [...settings.taints, { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }],
    },
    status: {
      capacity: { cpu: String(cpus), memory: `${memoryKi}Ki`, ...shared },
      allocatable: {
        cpu: `${cpus * 1000 - 70}m`,
        memory: `${memoryKi - reservedKi}Ki`,
        ...shared,
      },
      addresses: [
        { type: "InternalIP", address: facts.privateAddress },
        { type: "InternalDNS", address: name },
        { type: "Hostname", address: name },
      ],
      nodeInfo: nodeInfo(facts, kubeletVersion),
    },
  }
}

const labelsOf = (facts: NodeFacts, name: string): Record<string, string> => ({
  "beta.kubernetes.io/arch": architecture,
  "beta.kubernetes.io/instance-type": facts.instanceType,
  "beta.kubernetes.io/os": "linux",
  "eks.amazonaws.com/nodegroup-image": facts.imageId,
  ...(facts.nodeGroup ? { "eks.amazonaws.com/nodegroup": facts.nodeGroup } : {}),
  "failure-domain.beta.kubernetes.io/region": facts.region,
  "failure-domain.beta.kubernetes.io/zone": facts.zone,
  "kubernetes.io/arch": architecture,
  "kubernetes.io/hostname": name,
  "kubernetes.io/os": "linux",
  "node.kubernetes.io/instance-type": facts.instanceType,
  "topology.kubernetes.io/region": facts.region,
  "topology.kubernetes.io/zone": facts.zone,
})

const nodeInfo = ({ instanceId }: NodeFacts, kubeletVersion: string): Record<string, string> => ({
  machineID: instanceId,
  systemUUID: instanceId,
  bootID: instanceId,
  kernelVersion: release(),
  osImage: "Amazon Linux 2023 (lab)",
  containerRuntimeVersion: "berth-lab://0.1.0",
  kubeletVersion,
  kubeProxyVersion: kubeletVersion,
  operatingSystem: "linux",
  architecture,
})
