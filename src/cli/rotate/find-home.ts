import { nodes } from "../../api/resources.ts"
import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { nodeFacts } from "../../fleet/facts/kube-facts.ts"
import type { Kube } from "../../kube/kube.ts"
import { inspectNode } from "../../rotation/inspect-node.ts"
import { isFinished } from "../../rotation/run-rotation.ts"
import { sdkScalingGroups } from "../../rotation/sdk-scaling-groups.ts"
import { type Call, flag, text } from "../command.ts"
import { kubeOf } from "../kube-of.ts"
import { regionOf } from "../snapshot/region-of.ts"
import { clusterHome } from "./cluster-home.ts"
import { localHome } from "./local-home.ts"
import type { RotationHome } from "./rotation-home.ts"

/**
 * Where this cluster's rotation is, or would be: in this terminal when one was begun here, on a cluster without Berth,
 * or with --local; else with Berth's controller.
 */
export async function findHome(call: Call): Promise<RotationHome & Disposable> {
  const kube = kubeOf(call)
  const close = { [Symbol.dispose]: () => kube[Symbol.dispose]() }
  try {
    const local = await terminalHome(call, kube)
    const begun = await local.current()
    if (flag(call, "local") || (begun !== undefined && !isFinished(begun.status)))
      return Object.assign(local, close)
    return Object.assign((await clusterHome(kube, systemClock)) ?? local, close)
  } catch (error) {
    close[Symbol.dispose]()
    throw error
  }
}

async function terminalHome(call: Call, kube: Kube): Promise<RotationHome> {
  const region = text(call, "region") ?? (await regionOfNodes(kube)) ?? call.env["AWS_REGION"]
  if (region === undefined)
    throw fail("cli/bad-option", {
      option: "--region",
      value: "",
      expected: "known from the nodes: name it",
    })
  const { sdkEc2 } = await import("../../ec2/sdk/sdk-ec2.ts")
  const ports = { kube, region, ec2: sdkEc2({ region }), now: () => systemClock.now() }
  return localHome({
    kube,
    clock: systemClock,
    groups: sdkScalingGroups({ region }),
    inspect: (node) => inspectNode(ports, node),
    env: call.env,
    pid: process.pid,
    isAlive,
  })
}

const regionOfNodes = async (kube: Kube) =>
  regionOf({ nodes: (await kube.list(nodes)).items.map(nodeFacts) })

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}
