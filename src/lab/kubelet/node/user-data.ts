import { gunzipSync } from "node:zlib"
import { parse, parseAllDocuments } from "yaml"
import { evaluateMaxPods, type MaxPodsInputs } from "./max-pods-expression.ts"

/** What an instance's user data makes of the kubelet. */
export interface KubeletSettings {
  maxPods: number
  labels: Record<string, string>
  taints: { key: string; value?: string; effect: string }[]
}

/** EC2's limit before base64; nothing larger reaches an instance. */
const userDataMax = 16_384

/**
 * Reads user data as the EKS images do: a script that calls bootstrap.sh (Amazon Linux 2), NodeConfig YAML for nodeadm
 * (AL2023), TOML settings (Bottlerocket), or a MIME multi-part of them; base64 and gzip are recognised. `standard` is
 * what applies when nothing is said. Text that none of them would understand is ignored, as they do.
 */
export function readUserData(
  base64: string | undefined,
  limits: Omit<MaxPodsInputs, "max_pods">,
): KubeletSettings {
  const standard = limits.default_enis * (limits.ips_per_eni - 1) + 2
  const found: Found = { flags: [], labels: {}, taints: [] }
  for (const part of partsOf(decode(base64 ?? ""))) readPart(part, found)
  applyFlags(found)
  const expression =
    found.expression === undefined
      ? undefined
      : evaluateMaxPods(found.expression, { ...limits, max_pods: standard })
  const fallback = found.useMaxPods === false ? kubeletDefault : standard
  return {
    maxPods: found.flagMaxPods ?? found.maxPods ?? expression ?? fallback,
    labels: found.labels,
    taints: found.taints,
  }
}

/** kubelet's own --max-pods when nobody sets it. */
const kubeletDefault = 110

interface Found {
  flags: string[]
  labels: Record<string, string>
  taints: KubeletSettings["taints"]
  maxPods?: number
  flagMaxPods?: number
  expression?: string
  useMaxPods?: boolean
}

function decode(base64: string): string {
  const bytes = unzip(Buffer.from(base64, "base64").subarray(0, userDataMax))
  const text = bytes.toString()
  // Some tools encode twice; nodeadm takes both.
  const again = Buffer.from(text.trim(), "base64")
  const twice = /^[A-Za-z0-9+/=\s]+$/.test(text) && again.length > 0
  return twice ? unzip(again).toString() : text
}

const unzip = (bytes: Buffer) =>
  bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: 1 << 20 }) : bytes

/** The parts of a MIME multi-part (RFC 2046), or the text itself. */
function partsOf(text: string): string[] {
  const boundary = /^content-type:\s*multipart\/[^\n]*boundary="?([^"\n;]+)"?/im.exec(text)?.[1]
  if (boundary === undefined) return [text]
  const parts: string[] = [""]
  for (const line of text.split(/\r?\n/)) {
    if (line.trimEnd().replace(/--$/, "") === `--${boundary.trim()}`) parts.push("")
    else parts[parts.length - 1] += `${line}\n`
  }
  return parts.slice(1).map((part) => part.trimStart().split(/\n\n(.*)/s)[1] ?? "")
}

function readPart(part: string, found: Found): void {
  if (/^\s*#!/.test(part)) readScript(part, found)
  else if (/^\s*\[settings/m.test(part)) readToml(part, found)
  else if (part.includes("NodeConfig")) readNodeConfig(part, found)
}

function readScript(script: string, found: Found): void {
  const call = /^[^#\n]*\/etc\/eks\/bootstrap\.sh\s+((?:[^\n]*\\\n)*[^\n]*)/m.exec(script)?.[1]
  // A managed group's script edits bootstrap.sh instead, because EKS appends the call.
  const edited = /KUBELET_EXTRA_ARGS="\$\{KUBELET_EXTRA_ARGS:-\} ([^"]*)"/.exec(script)?.[1]
  if (/USE_MAX_PODS="?false/.test(script)) found.useMaxPods = false
  if (edited) found.flags.push(...splitWords(edited))
  const words = splitWords((call ?? "").replaceAll("\\\n", " "))
  for (const [i, word] of words.entries()) {
    if (word === "--use-max-pods") found.useMaxPods = words[i + 1] !== "false"
    if (word === "--kubelet-extra-args") found.flags.push(...splitWords(words[i + 1] ?? ""))
  }
}

interface NodeConfig {
  kind?: string
  spec?: {
    kubelet?: {
      config?: { maxPods?: number; registerWithTaints?: KubeletSettings["taints"] }
      flags?: string[]
      maxPodsExpression?: string
    }
  }
}

/** Several documents are merged in order: later ones win, flags are appended (nodeadm's configprovider). */
function readNodeConfig(text: string, found: Found): void {
  for (const document of parseAllDocuments(text)) {
    if (document.errors.length > 0) continue
    const config = document.toJS() as NodeConfig | null
    if (config?.kind !== "NodeConfig") continue
    const kubelet = config.spec?.kubelet
    if (kubelet?.config?.maxPods !== undefined) found.maxPods = Number(kubelet.config.maxPods)
    if (kubelet?.maxPodsExpression) found.expression = kubelet.maxPodsExpression
    found.taints.push(...(kubelet?.config?.registerWithTaints ?? []))
    found.flags.push(...(kubelet?.flags ?? []))
  }
}

/** Bottlerocket's settings: the sections, integers and strings that concern the kubelet. */
function readToml(text: string, found: Found): void {
  let section = ""
  for (const line of text.split("\n")) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1]
    if (header !== undefined) section = header.trim()
    const [, key = "", value = ""] = /^\s*"?([^"=]+?)"?\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key === "") continue
    if (section === "settings.kubernetes" && key === "max-pods") found.maxPods = Number(value)
    if (section === "settings.kubernetes.node-labels") found.labels[key] = unquote(value)
    if (section === "settings.kubernetes.node-taints")
      for (const taint of tomlStrings(value)) addTaint(found, `${key}=${taint}`)
  }
}

function applyFlags(found: Found): void {
  for (const [i, flag] of found.flags.entries()) {
    const [name = "", inline] = flag.replace(/^--?/, "").split(/=(.*)/s)
    const value = inline ?? found.flags[i + 1] ?? ""
    if (name === "max-pods" && /^\d+$/.test(value)) found.flagMaxPods = Number(value)
    if (name === "node-labels")
      for (const pair of value.split(",")) {
        const [key = "", text = ""] = pair.split(/=(.*)/s)
        if (key) found.labels[key] = text
      }
    if (name === "register-with-taints")
      for (const taint of value.split(",")) addTaint(found, taint)
  }
}

function addTaint(found: Found, text: string): void {
  const [, key, value = "", effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? []
  if (key && effect) found.taints.push({ key, ...(value ? { value } : {}), effect })
}

/** Words of a shell command, with single and double quotes; no expansion. */
function splitWords(text: string): string[] {
  const words = text.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []
  return words.map((w) => w.replace(/'([^']*)'|"([^"]*)"/g, (_, a, b) => a ?? b ?? ""))
}

const unquote = (text: string) => text.replace(/^(["'])(.*)\1$/, "$2")

/** A TOML array of strings reads the same in YAML. */
function tomlStrings(text: string): string[] {
  const value: unknown = parse(text)
  return (Array.isArray(value) ? value : [value]).map(String)
}
