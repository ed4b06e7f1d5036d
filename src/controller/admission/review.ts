import { isDeepStrictEqual } from "node:util"
import type { KubeObject } from "../../api/meta.ts"
import type { Clock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { type AdmissionFacts, factFindings } from "../../fleet/admission/facts.ts"
import { type AdmissionFinding, nameOf, warn } from "../../fleet/admission/finding.ts"
import { removalFindings } from "../../fleet/admission/removal.ts"
import { shapeFindings } from "../../fleet/admission/shape.ts"
import type { Kube } from "../../kube/kube.ts"
import type { PodFactsReader } from "../../kube/pod-facts.ts"
import { failed } from "../../placement/read.ts"
import type { CloudFacts } from "../cloud-facts.ts"
import type { ControllerInformers } from "../informers.ts"
import { podsAtStake } from "./pods-at-stake.ts"

/** The part of admission.k8s.io/v1 AdmissionReview.request that matters here. */
export interface ReviewRequest {
  readonly uid: string
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT"
  readonly namespace?: string
  readonly object: (KubeObject & { spec?: unknown }) | null
  readonly oldObject: (KubeObject & { spec?: unknown }) | null
}

export interface ReviewResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: { readonly code: number; readonly message: string }
  readonly warnings?: readonly string[]
  readonly patchType?: "JSONPatch"
  /** A JSON patch (RFC 6902) in base64. */
  readonly patch?: string
}

export interface ReviewerOptions {
  kube: Kube
  clock: Clock
  podFacts: PodFactsReader
  informers: ControllerInformers
  facts: CloudFacts
}

/** Lets an object that is in use be deleted all the same: the way out when whoever uses it cannot be repaired. */
export const forceAnnotation = "berth.dev/delete-in-use"

/** Less than the webhook's timeoutSeconds: an answer that says what was not checked is better than none. */
const patienceMs = 2_000
/** Tags and zones of subnets that are older are read anew. */
const subnetAgeMs = 60_000
/** The API server cuts warnings at 256 characters in all but the last; messages here are shorter. */
const warningsMax = 8

/**
 * Judges one request. Whatever cannot be known is allowed, with a warning: a webhook that stands in the way while EC2
 * is away would keep people from repairing what they can.
 */
export async function review(
  request: ReviewRequest,
  options: ReviewerOptions,
): Promise<ReviewResponse> {
  const findings = await findingsOn(request, options)
  const denied = findings.filter((f) => f.verdict === "deny")
  const warnings = findings.filter((f) => f.verdict === "warn").slice(0, warningsMax)
  return {
    uid: request.uid,
    allowed: denied.length === 0,
    ...(denied.length > 0 && { status: { code: 422, message: denied.map(sentence).join("; ") } }),
    ...(warnings.length > 0 && { warnings: warnings.map(sentence) }),
  }
}

const sentence = ({ message, hint, code }: AdmissionFinding) => `${message}. ${hint} [${code}]`

async function findingsOn(
  request: ReviewRequest,
  options: ReviewerOptions,
): Promise<AdmissionFinding[]> {
  const { operation, object, oldObject } = request
  if (operation === "DELETE") return oldObject ? onRemoval(oldObject, options) : []
  if (!object || object.metadata.deletionTimestamp !== undefined) return []
  // Labels, status and finalizers of an object that is no better than it was can always be written.
  if (oldObject && isDeepStrictEqual(object.spec, oldObject.spec)) return []
  const shape = shapeFindings(object)
  if (shape.length > 0) return shape
  return onFacts(object, options)
}

function onRemoval(object: KubeObject, { informers }: ReviewerOptions): AdmissionFinding[] {
  const { kind, metadata } = object
  if (kind !== "ENIConfig" && kind !== "SubnetPool") return []
  if (metadata.annotations?.[forceAnnotation] === "true") return []
  const name = nameOf(object)
  if (informers.nodeNetworks.state === "starting") {
    const why = "the nodes are not known yet"
    return [warn(name, fail("admission/unchecked", { object: name, why }))]
  }
  return removalFindings(kind, metadata.name, informers.nodeNetworks.list())
}

async function onFacts(object: KubeObject, options: ReviewerOptions): Promise<AdmissionFinding[]> {
  const { facts, informers, clock, kube, podFacts } = options
  const vpcId = informers.nodeNetworks.list().find((n) => n.status?.vpc)?.status?.vpc?.id
  const asked = { subnets: new Set<string>(), groups: new Set<string>() }
  // The first pass tells which ids have to be known.
  const first = admissionFacts(object, vpcId, options, asked)
  factFindings(object, first)
  const need = { vpcId: vpcId ?? "", ...asked, allGroups: false }
  const late = clock.sleep(patienceMs)
  // What cannot be read of the cluster leaves the warning that selectors give reason for.
  const stake = podsAtStake(object, first.otherPools, { kube, facts: podFacts }).catch(() => ({}))
  const [inTime, atStake] = await Promise.all([
    Promise.race([facts.ensure(need, subnetAgeMs).then(() => true), late.then(() => false)]),
    Promise.race([stake, late.then(() => ({}))]),
  ])
  const known = { ...admissionFacts(object, vpcId, options, asked), ...atStake }
  const findings = factFindings(object, known)
  const unread = [
    ...[...asked.subnets].map((id) => facts.subnet(id)),
    ...[...asked.groups].map((id) => facts.group(id)),
  ].flatMap((read) => (read.state === "failed" ? [read.why] : []))
  if (unread[0] === undefined) return findings
  const why = inTime ? unread[0] : "EC2 did not answer in time"
  const name = nameOf(object)
  return [...findings, warn(name, fail("admission/unchecked", { object: name, why }))]
}

function admissionFacts(
  object: KubeObject,
  vpcId: string | undefined,
  { informers, facts }: ReviewerOptions,
  asked: { subnets: Set<string>; groups: Set<string> },
): AdmissionFacts {
  const nodes = informers.nodes.list().map(({ metadata: { name, labels = {} } }) => ({
    name,
    labels,
    zone: labels["topology.kubernetes.io/zone"] ?? "",
  }))
  const isBound = (eniConfig: string) => {
    const bound = informers.nodeNetworks
      .list()
      .filter(({ status }) => status?.binding?.name === eniConfig)
      .filter(({ status }) => status?.binding?.source !== "SubnetPool")
    return new Set(bound.map((n) => n.metadata.name))
  }
  return {
    vpcId,
    nodes,
    otherPools: informers.pools.list().filter((p) => p.metadata.name !== object.metadata.name),
    subnet: (id) => {
      asked.subnets.add(id)
      return facts.subnet(id)
    },
    group: (id) => {
      asked.groups.add(id)
      return facts.group(id)
    },
    subnets: vpcId === undefined ? failed("no node has told the VPC yet") : facts.subnetsOf(vpcId),
    boundTo: (name) => {
      const names = isBound(name)
      return nodes.filter((node) => names.has(node.name))
    },
  }
}
