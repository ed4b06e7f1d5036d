import { ApiError } from "../api-error.ts"
import { CelError, type Program, type Scope } from "../cel/compile.ts"
import { programOf } from "../cel/programs.ts"
import { asArray, isEmpty, type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts"
import type { Store } from "../store/store.ts"
import { keyOf, type ResourceType } from "../types/resource-type.ts"
import type { ResourceTypes } from "../types/resource-types.ts"
import type { AdmissionReview } from "../write/core.ts"
import { out } from "../write/create.ts"
import { isAbout, matchingOf } from "./match.ts"

const group = "admissionregistration.k8s.io"
const policies = `${group}/validatingadmissionpolicies`
const bindings = `${group}/validatingadmissionpolicybindings`

interface Cluster {
  readonly store: Store
  readonly types: ResourceTypes
}

/** Judges a write by the ValidatingAdmissionPolicies that are bound; throws when one denies it. */
export function validatingPolicies(cluster: Cluster, review: AdmissionReview): void {
  const { store } = cluster
  if (review.type.group === group) return
  for (const [, binding] of store.collection(bindings).list()) {
    const spec = objectAt(binding, "spec")
    const policy = store.collection(policies).get(stringAt(spec, "policyName"))
    if (policy === undefined || !isBound(spec, objectAt(policy, "spec"), review, store)) continue
    const names = `'${policy.metadata.name}' with binding '${binding.metadata.name}'`
    judge(cluster, review, { policy: objectAt(policy, "spec"), binding: spec, names })
  }
}

function isBound(
  binding: JsonObject,
  policy: JsonObject,
  review: AdmissionReview,
  store: Store,
): boolean {
  const constraints = matchingOf(objectAt(policy, "matchConstraints"))
  if (!isAbout(constraints, review, store)) return false
  const narrower = matchingOf(objectAt(binding, "matchResources"))
  const rules = narrower.rules.length === 0 ? constraints.rules : narrower.rules
  return isAbout({ ...narrower, rules }, review, store)
}

interface Judgement {
  readonly policy: JsonObject
  readonly binding: JsonObject
  readonly names: string
}

interface Finding {
  readonly text: string
  readonly reason: string
}

function judge(
  cluster: Cluster,
  review: AdmissionReview,
  { policy, binding, names }: Judgement,
): void {
  const scope = scopeOf(cluster, review, policy, binding)
  const conditions = objectsAt(policy, "matchConditions").map((c) => evaluate(c, scope))
  if (conditions.some((c) => c.ok && c.value !== true)) return
  const failed = conditions.find((c) => !c.ok)
  const lenient = policy.failurePolicy === "Ignore"
  if (failed && lenient) return
  const findings = failed
    ? [{ text: why(failed), reason: "Invalid" }]
    : objectsAt(policy, "validations").flatMap((v) => check(v, scope, lenient))
  const actions = asArray(binding.validationActions)
  for (const finding of findings) {
    if (actions.includes("Deny")) throw denial(review, names, finding)
    if (actions.includes("Warn")) {
      review.warn(`Validation failed for ValidatingAdmissionPolicy ${names}: ${finding.text}`)
    }
  }
}

type Outcome = ReturnType<Program>
const why = (outcome: Outcome) => (outcome.ok ? "" : outcome.why)

const evaluate = (term: JsonObject, scope: Scope): Outcome => {
  const program = programOf(stringAt(term, "expression"))
  return program ? program(scope) : { ok: false, why: "the expression is not understood" }
}

function check(validation: JsonObject, scope: Scope, lenient: boolean): Finding[] {
  const outcome = evaluate(validation, scope)
  if (outcome.ok && outcome.value === true) return []
  const reason = stringAt(validation, "reason") || "Invalid"
  const expression = stringAt(validation, "expression").trim()
  if (!outcome.ok) {
    const text = `expression '${expression}' resulted in error: ${outcome.why}`
    return lenient ? [] : [{ text, reason: "Invalid" }]
  }
  const made = programOf(stringAt(validation, "messageExpression"))?.(scope)
  const message =
    made?.ok && typeof made.value === "string" ? made.value : stringAt(validation, "message")
  return [{ text: message || `failed expression: ${expression}`, reason }]
}

const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
}

function denial(
  { type, object, oldObject }: AdmissionReview,
  names: string,
  finding: Finding,
): ApiError {
  const name = (object ?? oldObject)?.metadata.name ?? ""
  const message = `ValidatingAdmissionPolicy ${names} denied request: ${finding.text}`
  const qualified = type.group === "" ? type.plural : `${type.plural}.${type.group}`
  const text = `${qualified} ${JSON.stringify(name)} is forbidden: ${message}`
  return new ApiError(codes[finding.reason] ?? 422, finding.reason, text, {
    name,
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.plural,
    causes: [{ message }],
  })
}

/** The variables of a policy's expressions. */
function scopeOf(
  cluster: Cluster,
  review: AdmissionReview,
  policy: JsonObject,
  binding: JsonObject,
): Scope {
  const { type, object, oldObject, operation, subresource, dryRun } = review
  const { name, namespace } = (object ?? oldObject)?.metadata ?? {}
  const variables: JsonObject = {}
  const scope: Scope = {
    object: object ? out(type, object) : null,
    oldObject: oldObject ? out(type, oldObject) : null,
    request: {
      ...{
        operation,
        dryRun,
        subResource: subresource,
        name: name ?? "",
        namespace: namespace ?? "",
      },
      kind: { group: type.group, version: type.version, kind: type.kind },
      resource: { group: type.group, version: type.version, resource: type.plural },
      userInfo: { username: "lab-admin", groups: ["system:masters", "system:authenticated"] },
    },
    namespaceObject: (namespace && cluster.store.collection("/namespaces").get(namespace)) || null,
    params: paramsOf(cluster, policy, binding, namespace),
    variables,
  }
  for (const variable of objectsAt(policy, "variables")) {
    Object.defineProperty(variables, stringAt(variable, "name"), {
      enumerable: true,
      // Evaluated when first asked for: most are not, and one may use those before it.
      get: () => valueIn(evaluate(variable, scope)),
    })
  }
  return scope
}

function valueIn(outcome: Outcome): unknown {
  if (outcome.ok) return outcome.value
  throw new CelError(outcome.why)
}

/** The object that a binding hands to its policy; null without one. Found by name only. */
function paramsOf(
  { store, types }: Cluster,
  policy: JsonObject,
  binding: JsonObject,
  namespace: string | undefined,
): unknown {
  const { paramKind } = policy
  const ref = objectAt(binding, "paramRef")
  if (isEmpty(paramKind) || isEmpty(ref)) return null
  const type: ResourceType | undefined = types.byKind(
    stringAt(paramKind, "apiVersion"),
    stringAt(paramKind, "kind"),
  )
  if (type === undefined) return null
  const key = keyOf(
    type.namespaced ? stringAt(ref, "namespace") || namespace : undefined,
    stringAt(ref, "name"),
  )
  const found = store.collection(type.collection).get(key)
  return found ? out(type, found) : null
}
