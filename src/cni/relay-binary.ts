import { execFile } from "node:child_process"
import { createHash, randomUUID } from "node:crypto"
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const run = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))

export interface RelayBinary {
  readonly path: string
  /** "node": no compiler here; each call of the plugin then costs a start of Node. */
  readonly kind: "c" | "node"
}

/**
 * The relay to install on a host: the one shipped beside this file (in the image), else one compiled from source and
 * kept by the hash of the source, else the script for Node.
 */
export async function relayBinary(cache = ownCache): Promise<RelayBinary> {
  const shipped = join(here, "berth-cni")
  if (isExecutable(shipped)) return { path: shipped, kind: "c" }
  const compiled = await compile(cache).catch(() => undefined)
  if (compiled !== undefined) return { path: compiled, kind: "c" }
  return { path: sourceFile("relay.mjs"), kind: "node" }
}

/** Not in /tmp, where another user could leave a program for root to install. */
const ownCache = join(dirname(sourceFile("berth-cni.c")), "../../node_modules/.cache/berth")

/** No C library and nothing that calls one (system.h): it starts in a third of the time, and runs on any host. */
const withoutLibrary = [
  ...["-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector"],
  // memcpy's own loop is not to become a call of memcpy.
  "-fno-tree-loop-distribute-patterns",
]

/** Beside this file, or where the checkout has it when this file is part of a bundle. */
function sourceFile(name: string): string {
  const beside = join(here, name)
  return existsSync(beside) ? beside : join(here, "..", "src", "cni", name)
}

async function compile(cache: string): Promise<string> {
  const source = sourceFile("berth-cni.c")
  const hash = createHash("sha256")
  for (const file of [source, sourceFile("system.h")]) hash.update(readFileSync(file))
  const path = join(cache, `berth-cni-${hash.digest("hex").slice(0, 16)}`)
  if (isExecutable(path)) return path
  mkdirSync(cache, { recursive: true })
  // Two processes with a process id each of their own namespace may have the same.
  const fresh = `${path}.${randomUUID()}`
  await run("cc", [...withoutLibrary, "-std=c11", "-O2", "-Wall", "-s", "-o", fresh, source])
  chmodSync(fresh, 0o755)
  renameSync(fresh, path)
  return path
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
