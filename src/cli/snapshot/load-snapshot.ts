import type { Clock } from "../../clock.ts"
import { BerthError } from "../../errors/berth-error.ts"
import { fail } from "../../errors/catalogue.ts"
import { type Snapshot, snapshotFormat } from "../../fleet/snapshot.ts"
import { type Kube, KubeError } from "../../kube/kube.ts"
import { labelPredicate } from "../../kube/selector.ts"
import { type Call, text } from "../command.ts"
import type { AwsReading } from "./read-aws.ts"
import { regionOf } from "./region-of.ts"
import { readSnapshot } from "./snapshot-file.ts"

/** An API server that has not even told its version by then will not serve a person at a terminal. */
const firstAnswerMs = 10_000

/** What every reading command decides on: the file of --snapshot, or the live cluster and its AWS account. */
export async function loadSnapshot(call: Call, clock: Clock): Promise<Snapshot> {
  const file = text(call, "snapshot")
  const selector = text(call, "selector")
  const chosen = selector === undefined ? undefined : nodesWith(selector)
  const snapshot = await (file === undefined ? takeSnapshot(call, clock) : readSnapshot(file))
  return chosen === undefined ? snapshot : chosen(snapshot)
}

/** One requirement of a label selector: `a=b`, `a!=b`, `a`, `!a`, `a in (b, c)`. */
const requirement =
  /^(?:!?[\w./-]+|[\w./-]+ *(?:==?|!=) *[\w.-]*|[\w./-]+ +(?:in|notin) +\([^)]*\))$/

/** A snapshot as if there were no other nodes. */
function nodesWith(selector: string): (snapshot: Snapshot) => Snapshot {
  const terms = selector.split(/,(?![^(]*\))/).map((term) => term.trim())
  if (!terms.every((term) => requirement.test(term)))
    throw fail("cli/bad-option", {
      ...{ option: "--selector", value: selector, expected: "a label selector, such as a=b,!c" },
    })
  const matches = labelPredicate(selector)
  return (snapshot) => {
    const nodes = snapshot.cluster.nodes.filter((node) => matches(node.labels))
    const names = new Set(nodes.map((node) => node.name))
    const pods = snapshot.cluster.pods.filter((pod) => names.has(pod.node ?? ""))
    return { ...snapshot, cluster: { ...snapshot.cluster, nodes, pods } }
  }
}

/** Reads everything live. Only a cluster that cannot be read at all is an error. */
export async function takeSnapshot(call: Call, clock: Clock): Promise<Snapshot> {
  const [{ kubeOf }, { readCluster }] = await Promise.all([
    import("../kube-of.ts"),
    import("./read-cluster.ts"),
  ])
  const kubeconfig = text(call, "kubeconfig")
  const context = text(call, "context")
  using kube = kubeOf(call)
  const server = context ?? kubeconfig ?? "the current context"
  await clusterOrFail(server, () => firstAnswer(kube, clock))
  const { cluster: read, unread } = await clusterOrFail(server, () => readCluster(kube))
  const told = text(call, "clusterName")
  const cluster = told === undefined ? read : { ...read, name: told }
  const aws = await awsOf(call, cluster)
  return {
    format: snapshotFormat,
    takenAt: new Date(clock.now()).toISOString(),
    source: context ?? "live cluster",
    cluster: aws.clusterName === undefined ? cluster : { ...cluster, name: aws.clusterName },
    ...(aws.aws === undefined ? {} : { aws: aws.aws }),
    unread: [...unread, ...aws.unread],
  }
}

async function firstAnswer(kube: Kube, clock: Clock): Promise<void> {
  using timer = stopwatch()
  const late = clock.sleep(firstAnswerMs, timer.signal).then(
    () => {
      throw new Error(`no answer within ${firstAnswerMs / 1000} s`)
    },
    () => {},
  )
  await Promise.race([kube.raw("/version"), late])
}

/** Ends the wait that lost the race, so that it does not keep the process. */
function stopwatch(): Disposable & { signal: AbortSignal } {
  const abort = new AbortController()
  return { signal: abort.signal, [Symbol.dispose]: () => abort.abort() }
}

async function clusterOrFail<T>(server: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof BerthError) throw error
    if (error instanceof KubeError && error.status === 401)
      throw fail("cli/refused", { server }, error)
    throw fail("cli/no-cluster", { server, why: reasonOf(error) }, error)
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function awsOf(call: Call, cluster: Snapshot["cluster"]): Promise<AwsReading> {
  if (call.options["aws"] === false)
    return { unread: [{ what: "AWS", why: "not asked (--no-aws)" }] }
  // The nodes know where they are; what a shell has exported is often another cluster's region.
  const region =
    text(call, "region") ??
    regionOf(cluster) ??
    call.env["AWS_REGION"] ??
    call.env["AWS_DEFAULT_REGION"]
  if (region === undefined)
    return { unread: [{ what: "AWS", why: "the region is not known: use --region" }] }
  const [{ sdkEc2 }, { readAws }, { sdkExtras }] = await Promise.all([
    import("../../ec2/sdk/sdk-ec2.ts"),
    import("./read-aws.ts"),
    import("./aws-extras.ts"),
  ])
  return readAws(region, cluster, sdkEc2({ region }), sdkExtras({ region }))
}
