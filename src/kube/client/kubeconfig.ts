import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, dirname, isAbsolute, join } from "node:path"
import { parse } from "yaml"
import { fail } from "../../errors/catalogue.ts"

/** One user's exec credential plugin, as kubeconfig states it (client.authentication.k8s.io). */
export interface ExecConfig {
  apiVersion: string
  command: string
  args?: string[]
  env?: { name: string; value: string }[]
  provideClusterInfo?: boolean
}

/** A cluster and how to authenticate to it: what is left of a kubeconfig once a context is chosen. */
export interface ClusterConfig {
  server: string
  /** The context's default namespace. */
  namespace?: string
  ca?: Buffer
  serverName?: string
  insecure: boolean
  cert?: Buffer
  key?: Buffer
  token?: string
  tokenFile?: string
  basic?: { username: string; password: string }
  impersonate?: string
  exec?: ExecConfig
  /** Set when only the official client can serve it (auth-provider plugins, proxies): the files and the context. */
  official?: { files: string[]; context: string }
}

interface Named<T> {
  name: string
  value: T
}
type Fields = Record<string, unknown>

interface Merged {
  current?: string
  clusters: Named<Fields>[]
  users: Named<Fields>[]
  contexts: Named<Fields>[]
}

/** Files named by `path`, else $KUBECONFIG (a list), else ~/.kube/config. */
export function kubeconfigFiles(path: string | undefined, env: NodeJS.ProcessEnv): string[] {
  const named = path ?? env["KUBECONFIG"]
  if (named) return named.split(delimiter).filter((f) => f !== "")
  return [join(env["HOME"] ?? homedir(), ".kube", "config")]
}

/** Reads and merges the files (the first to name an entry wins, as in kubectl) and resolves one context. */
export function readKubeconfig(files: string[], context?: string): ClusterConfig {
  const merged = mergeFiles(files)
  const name = context ?? merged.current
  const where = files.join(delimiter)
  if (!name) throw fail("kube/bad-config", { file: where, why: "it names no current-context" })
  const chosen = entry(merged.contexts, name, "context", where)
  const cluster = entry(merged.clusters, text(chosen, "cluster") ?? "", "cluster", where)
  const userName = text(chosen, "user")
  const user = userName ? entry(merged.users, userName, "user", where) : {}
  const server = text(cluster, "server")
  if (!server)
    throw fail("kube/bad-config", { file: where, why: `context ${name} has no server address` })
  const official =
    user["auth-provider"] !== undefined || cluster["proxy-url"] !== undefined
      ? { official: { files, context: name } }
      : {}
  const namespace = optional("namespace", text(chosen, "namespace"))
  return { server, ...namespace, ...clusterPart(cluster), ...userPart(user), ...official }
}

function clusterPart(cluster: Fields) {
  const serverName = text(cluster, "tls-server-name")
  return {
    insecure: cluster["insecure-skip-tls-verify"] === true,
    ...optional("ca", fileOrData(cluster, "certificate-authority")),
    ...optional("serverName", serverName),
  }
}

function userPart(user: Fields) {
  const username = text(user, "username")
  const exec = user["exec"] as ExecConfig | undefined
  return {
    ...optional("cert", fileOrData(user, "client-certificate")),
    ...optional("key", fileOrData(user, "client-key")),
    ...optional("token", text(user, "token")),
    ...optional("tokenFile", text(user, "tokenFile")),
    ...optional("impersonate", text(user, "as")),
    ...optional("exec", exec),
    ...(username ? { basic: { username, password: text(user, "password") ?? "" } } : {}),
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V })
}

const text = (fields: Fields, key: string): string | undefined => {
  const value = fields[key]
  return typeof value === "string" && value !== "" ? value : undefined
}

function fileOrData(fields: Fields, key: string): Buffer | undefined {
  const data = text(fields, `${key}-data`)
  if (data !== undefined) return Buffer.from(data, "base64")
  const file = text(fields, key)
  return file === undefined ? undefined : readFile(file)
}

function entry(list: Named<Fields>[], name: string, what: string, file: string): Fields {
  const found = list.find((e) => e.name === name)
  if (!found)
    throw fail("kube/bad-config", { file, why: `it has no ${what} named "${name}"${others(list)}` })
  return found.value
}

const namesMost = 5

/** What there is instead, for who mistyped. */
function others(list: Named<Fields>[]): string {
  const names = list.map((e) => e.name)
  if (names.length === 0) return ""
  const more = names.length > namesMost ? `, and ${names.length - namesMost} more` : ""
  return ` (there are: ${names.slice(0, namesMost).join(", ")}${more})`
}

function mergeFiles(files: string[]): Merged {
  const merged: Merged = { clusters: [], users: [], contexts: [] }
  for (const file of files) {
    const content = parseFile(file)
    const current = text(content, "current-context")
    if (merged.current === undefined && current !== undefined) merged.current = current
    for (const [list, key] of [
      [merged.clusters, "cluster"],
      [merged.users, "user"],
      [merged.contexts, "context"],
    ] as const) {
      const items = content[`${key}s`]
      for (const item of Array.isArray(items) ? (items as Fields[]) : []) {
        const name = text(item, "name") ?? ""
        const value = absolutePaths((item[key] ?? {}) as Fields, dirname(file))
        if (!list.some((e) => e.name === name)) list.push({ name, value })
      }
    }
  }
  return merged
}

/** Relative paths in a kubeconfig are relative to the file that states them. */
function absolutePaths(fields: Fields, folder: string): Fields {
  const result = { ...fields }
  for (const key of ["certificate-authority", "client-certificate", "client-key", "tokenFile"]) {
    const path = text(result, key)
    if (path !== undefined && !isAbsolute(path)) result[key] = join(folder, path)
  }
  return result
}

function parseFile(file: string): Fields {
  const content = readFile(file).toString("utf8")
  try {
    const value: unknown = parse(content)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields
  } catch (cause) {
    const [why = ""] = (cause as Error).message.split("\n")
    throw fail("kube/bad-config", { file, why: `it is not YAML: ${why.replace(/:$/, "")}` }, cause)
  }
  throw fail("kube/bad-config", { file, why: "it is not a kubeconfig" })
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw fail("kube/bad-config", { file, why: (cause as Error).message }, cause)
  }
}
