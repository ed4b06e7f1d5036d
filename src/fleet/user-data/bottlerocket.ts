import type { NodeGroupKind, UserData, UserDataRequest } from "./request.ts"

/** Bottlerocket: TOML settings, which win over what EKS injects, in managed groups too. */
export function bottlerocket(request: UserDataRequest, kind: NodeGroupKind): UserData {
  const lines = ["[settings.kubernetes]", `max-pods = ${request.maxPods}`]
  if (kind !== "managed") {
    lines.push(`cluster-name = ${JSON.stringify(request.cluster)}`)
    lines.push(`api-server = ${JSON.stringify(request.endpoint ?? "https://ENDPOINT")}`)
    lines.push(
      `cluster-certificate = ${JSON.stringify(request.certificateAuthority ?? "BASE64_CA")}`,
    )
  }
  if (Object.keys(request.labels).length > 0) {
    lines.push("", "[settings.kubernetes.node-labels]")
    for (const [k, v] of Object.entries(request.labels))
      lines.push(`${JSON.stringify(k)} = ${JSON.stringify(v)}`)
  }
  if (request.taints.length > 0) {
    lines.push("", "[settings.kubernetes.node-taints]")
    for (const [key, values] of byKey(request.taints))
      lines.push(`${JSON.stringify(key)} = ${JSON.stringify(values)}`)
  }
  return {
    text: `${lines.join("\n")}\n`,
    notes:
      kind === "managed"
        ? ["In a managed group these settings are merged over EKS's own, max-pods included."]
        : [],
  }
}

/** "key=value:Effect" becomes key -> ["value:Effect"], as the settings want it. */
function byKey(taints: readonly string[]): Map<string, string[]> {
  const out = new Map<string, string[]>()
  for (const taint of taints) {
    const [pair = "", effect = ""] = taint.split(":")
    const [key = "", value = ""] = pair.split("=")
    out.set(key, [...(out.get(key) ?? []), `${value}:${effect}`])
  }
  return out
}
