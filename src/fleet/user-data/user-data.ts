import { al2 } from "./al2.ts"
import { al2023 } from "./al2023.ts"
import { bottlerocket } from "./bottlerocket.ts"
import { karpenter } from "./karpenter.ts"
import { launchTemplate } from "./launch-template.ts"
import type { NodeGroupKind, UserData, UserDataFamily, UserDataRequest } from "./request.ts"
import { windows } from "./windows.ts"

const writers: Readonly<
  Record<UserDataFamily, (r: UserDataRequest, k: NodeGroupKind) => UserData>
> = {
  al2,
  al2023,
  bottlerocket,
  windows,
  karpenter,
  "launch-template": launchTemplate,
}

export const userDataFamilies = Object.keys(writers) as UserDataFamily[]

/** The launch script that sets max-pods and binds the node at birth. `request` must have been checked (`badRequest`). */
export const userData = (
  family: UserDataFamily,
  request: UserDataRequest,
  kind: NodeGroupKind,
): UserData => writers[family](request, kind)

const qualified =
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const value = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/
const taint = /^[^=:\s']+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$/

/**
 * What is wrong with a request, or undefined. The values end up inside shell quotes, TOML and YAML of a root script, so
 * nothing but what Kubernetes itself would accept gets through.
 */
export function badRequest(
  r: UserDataRequest,
): { field: string; value: string; expected: string } | undefined {
  const bad = (field: string, got: string, expected: string) => ({ field, value: got, expected })
  if (!/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(r.cluster)) {
    return bad("cluster name", r.cluster, "an EKS cluster name (letters, digits, - and _)")
  }
  if (!Number.isInteger(r.maxPods) || r.maxPods < 1 || r.maxPods > 2000) {
    return bad("max-pods", String(r.maxPods), "a whole number from 1 to 2000")
  }
  for (const [k, v] of Object.entries(r.labels)) {
    if (!qualified.test(k) || !value.test(v))
      return bad("label", `${k}=${v}`, "a Kubernetes label, key=value")
  }
  const wrong = r.taints.find((t) => !taint.test(t))
  if (wrong !== undefined)
    return bad("taint", wrong, "key=value:NoSchedule, :PreferNoSchedule or :NoExecute")
  if (r.endpoint !== undefined && !/^https:\/\/[^\s'"]+$/.test(r.endpoint))
    return bad("endpoint", r.endpoint, "an https:// URL")
  if (r.certificateAuthority !== undefined && !/^[A-Za-z0-9+/=]+$/.test(r.certificateAuthority)) {
    return bad("certificate authority", r.certificateAuthority, "base64")
  }
  if (r.serviceCidr !== undefined && !/^[0-9a-f.:]+\/\d{1,3}$/.test(r.serviceCidr)) {
    return bad("service CIDR", r.serviceCidr, "a CIDR block")
  }
  return undefined
}
