import { fail } from "../errors/catalogue.ts"
import type { AttachmentKey } from "../ipam/held.ts"

export const supportedVersions = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const
export type CniVersion = (typeof supportedVersions)[number]
export type CniCommand = "ADD" | "DEL" | "CHECK" | "GC" | "STATUS"

/** One call of a runtime, as far as the agent reads it (CNI spec 1.1). */
export interface CniCall {
  readonly command: CniCommand
  readonly version: CniVersion
  readonly key: AttachmentKey
  /** Path of the sandbox's network namespace; "" when the runtime gave none (allowed for DEL). */
  readonly netns: string
  /** From CNI_ARGS; outside Kubernetes the container's id stands for the name, and the namespace is "". */
  readonly pod: { readonly namespace: string; readonly name: string }
  /** GC: what the runtime still knows of this network. */
  readonly valid: readonly { readonly containerID: string; readonly ifName: string }[]
}

const commands: readonly string[] = ["ADD", "DEL", "CHECK", "GC", "STATUS"] satisfies CniCommand[]
const isCommand = (text: string): text is CniCommand => commands.includes(text)
const isVersion = (text: string): text is CniVersion =>
  (supportedVersions as readonly string[]).includes(text)

/** Reads the bytes that the relay sent: CNI variables, an empty line, the network configuration. */
export function parseCall(bytes: Buffer): CniCall {
  const end = bytes.indexOf("\n\n")
  if (end < 0) throw fail("cni/bad-config", { why: "the request has no end of its variables" })
  const variables = parseVariables(bytes.toString("utf8", 0, end))
  const config = parseConfig(bytes.toString("utf8", end + 2))
  const command = variables["CNI_COMMAND"] ?? ""
  if (!isCommand(command)) throw bad("CNI_COMMAND", `"${command}" is not a CNI command`)
  // GC and STATUS concern the network, not a container.
  const perContainer = command !== "GC" && command !== "STATUS"
  const netns = variables["CNI_NETNS"] ?? ""
  if (netns === "" && (command === "ADD" || command === "CHECK")) throw bad("CNI_NETNS", "not set")
  return {
    command,
    version: config.version,
    key: {
      network: config.network,
      containerID: perContainer ? containerID(variables) : "",
      ifName: perContainer ? ifName(variables) : "",
    },
    netns,
    pod: parsePod(variables),
    valid: config.valid,
  }
}

type Variables = Readonly<Record<string, string | undefined>>
const bad = (variable: string, why: string) => fail("cni/bad-environment", { variable, why })

function parseVariables(text: string): Variables {
  const lines = text.split("\n").map((line) => {
    const equals = line.indexOf("=")
    return [line.slice(0, equals), line.slice(equals + 1)] as const
  })
  return Object.fromEntries(lines)
}

/** The specification's pattern; it also keeps ids from reaching beyond a folder when they name a file. */
function containerID({ CNI_CONTAINERID: id = "" }: Variables): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(id)) return id
  throw bad("CNI_CONTAINERID", id === "" ? "not set" : `"${id}" is not an id`)
}

/** The kernel's rule for link names: at most 15 bytes, no slash, colon or space (dev_valid_name). */
function ifName({ CNI_IFNAME: name = "" }: Variables): string {
  if (/^[^/:\s]{1,15}$/.test(name) && name !== "." && name !== "..") return name
  throw bad("CNI_IFNAME", name === "" ? "not set" : `"${name}" is not an interface name`)
}

function parsePod(variables: Variables) {
  const pairs = (variables["CNI_ARGS"] ?? "").split(";").map((pair) => pair.split("=", 2))
  const args: Variables = Object.fromEntries(pairs)
  const { K8S_POD_NAMESPACE: namespace = "", K8S_POD_NAME: name = "" } = args
  return { namespace, name: name === "" ? (variables["CNI_CONTAINERID"] ?? "") : name }
}

function parseConfig(text: string) {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw fail("cni/bad-config", { why: `not JSON: ${(error as Error).message}` })
  }
  if (!isRecord(config)) throw fail("cni/bad-config", { why: "not a JSON object" })
  // A configuration without a version is of 0.1.0, says the specification.
  const { cniVersion = "0.1.0", name } = config
  const version = String(cniVersion)
  if (!isVersion(version)) {
    throw fail("cni/incompatible-version", { version, supported: supportedVersions })
  }
  if (typeof name !== "string" || name === "") {
    throw fail("cni/bad-config", { why: "it has no name" })
  }
  return { version, network: name, valid: parseValid(config["cni.dev/valid-attachments"]) }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

function parseValid(list: unknown): CniCall["valid"] {
  if (!Array.isArray(list)) return []
  return list.filter(isRecord).map((a) => ({
    containerID: String(a["containerID"]),
    ifName: String(a["ifname"]),
  }))
}
