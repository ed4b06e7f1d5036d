import { sdkEc2 } from "../ec2/sdk/sdk-ec2.ts"
import { inspectNode } from "./inspect-node.ts"
import { type RotationReconcilerOptions, reconcileRotations } from "./rotation-reconciler.ts"
import { sdkScalingGroups } from "./sdk-scaling-groups.ts"

/** Carries out the cluster's NodeRotations through the AWS of `region`. The SDK is loaded with the first of them. */
export function rotateNodes(
  options: Omit<RotationReconcilerOptions, "groups" | "inspect"> & { readonly region: string },
  signal: AbortSignal,
): Promise<void> {
  const { region, kube, clock } = options
  const ports = { kube, region, ec2: sdkEc2({ region }), now: () => clock.now() }
  return reconcileRotations(
    {
      ...options,
      groups: sdkScalingGroups({ region }),
      inspect: (node) => inspectNode(ports, node),
    },
    signal,
  )
}
