import type { Clock } from "../../clock.ts"
import { BerthError } from "../../errors/berth-error.ts"
import { fail } from "../../errors/catalogue.ts"
import { type Snapshot, snapshotFormat, type Unread } from "../../fleet/snapshot.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import { type Call, text } from "../command.ts"
import { regionOf } from "./read-aws.ts"
import { readSnapshot } from "./snapshot-file.ts"

/** What every reading command decides on: the file of --snapshot, or the live cluster and its AWS account. */
export async function loadSnapshot(call: Call, clock: Clock): Promise<Snapshot> {
  const file = text(call, "snapshot")
  return file === undefined ? takeSnapshot(call, clock) : readSnapshot(file)
}

/** Reads everything live. Only a cluster that cannot be read at all is an error. */
export async function takeSnapshot(call: Call, clock: Clock): Promise<Snapshot> {
  const [{ clientKube }, { readCluster }] = await Promise.all([
    import("../../kube/client/client-kube.ts"),
    import("./read-cluster.ts"),
  ])
  const kubeconfig = text(call, "kubeconfig")
  const context = text(call, "context")
  using kube = clientKube({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    env: { ...call.env },
  })
  const { cluster, unread } = await clusterOrFail(
    kube,
    readCluster,
    context ?? kubeconfig ?? "the current context",
  )
  const aws = call.options["aws"] === false ? undefined : await awsOf(call, cluster)
  return {
    format: snapshotFormat,
    takenAt: new Date(clock.now()).toISOString(),
    source: context ?? "live cluster",
    cluster,
    ...(aws?.aws === undefined ? {} : { aws: aws.aws }),
    unread: [...unread, ...(aws?.unread ?? [{ what: "AWS", why: "not asked (--no-aws)" }])],
  }
}

async function clusterOrFail<T>(
  kube: Kube,
  read: (kube: Kube) => Promise<T>,
  server: string,
): Promise<T> {
  try {
    return await read(kube)
  } catch (error) {
    if (error instanceof BerthError) throw error
    const why =
      error instanceof KubeError && error.status === 401
        ? "it does not accept the credentials (expired?)"
        : reasonOf(error)
    throw fail("cli/no-cluster", { server, why }, error)
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function awsOf(
  call: Call,
  cluster: Snapshot["cluster"],
): Promise<{ aws?: NonNullable<Snapshot["aws"]>; unread: Unread[] }> {
  const region =
    text(call, "region") ??
    call.env["AWS_REGION"] ??
    call.env["AWS_DEFAULT_REGION"] ??
    regionOf(cluster)
  if (region === undefined)
    return { unread: [{ what: "AWS", why: "the region is not known: use --region" }] }
  const [{ sdkEc2 }, { readAws }, { sdkExtras }] = await Promise.all([
    import("../../ec2/sdk/sdk-ec2.ts"),
    import("./read-aws.ts"),
    import("./aws-extras.ts"),
  ])
  return readAws(region, cluster, sdkEc2({ region }), sdkExtras({ region }))
}
