import { createHash } from "node:crypto"
import { rmSync } from "node:fs"
import { lstat, mkdir, rm } from "node:fs/promises"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { fail } from "../../errors/catalogue.ts"

/** One lab's claim to its name. While it is held, `folder` is the lab's state folder, empty at first. */
export interface LabLock extends AsyncDisposable {
  readonly name: string
  readonly folder: string
  /** Removes the state folder and gives the name back. */
  release(): Promise<void>
}

/**
 * Claims a lab's name for this process, or throws lab/already-running. The claim is a listening socket in the abstract
 * namespace (unix(7)): the kernel drops it with the process, so a lab that died by kill -9 never blocks the next one,
 * and no pid has to be guessed alive. Whoever connects is told the holder's pid.
 */
export async function acquireLabLock(name: string, root = stateRoot()): Promise<LabLock> {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,15}$/.test(name)) throw fail("lab/invalid-name", { name })
  await privateFolder(root)
  const folder = join(root, name)
  const holder = await claim(name, `\0berth-lab-${digest(folder)}`)
  // What a lab that could not clean up has left; its last processes may still write while they die.
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  await mkdir(folder, { mode: 0o700 })
  // An end that lets nobody wait: an exception, or a terminal that went away while it was written to.
  const atExit = () => removeQuietly(folder)
  process.on("exit", atExit)
  const release = async () => {
    process.off("exit", atExit)
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    await new Promise<void>((done) => holder.close(() => done()))
  }
  return { name, folder, release, [Symbol.asyncDispose]: release }
}

/** The world may still write into it, for the moment until it ends with this process. */
function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    // The next lab of this name empties it.
  }
}

/**
 * Short, because the agents' sockets lie below it and a unix socket's path ends at 107 bytes (unix(7)): a node named
 * ip-100-100-100-100.us-west-2.compute.internal leaves 25 for this folder and the lab's name.
 */
function stateRoot(): string {
  return join(tmpdir(), `berth-${process.getuid?.() ?? 0}`)
}

/** In a folder that everybody may write to, somebody else may have been first. */
async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const found = await lstat(path)
  if (!found.isDirectory() || found.uid !== process.getuid?.())
    throw fail("lab/state-folder", { folder: path, why: "it belongs to somebody else" })
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 32)

/** A process that was killed keeps its socket until the kernel has taken it apart. */
const dyingMs = 2_000

async function claim(name: string, address: string): Promise<Server> {
  const deadline = performance.now() + dyingMs
  for (;;) {
    const server = await listen(address)
    if (server) return server
    const pid = await askHolder(address)
    if (pid !== undefined || performance.now() > deadline)
      throw fail("lab/already-running", { name, pid: pid ?? 0 })
    await delay(20)
  }
}

/** Undefined when the address is taken. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((asker) => {
      asker.on("error", () => {})
      asker.end(`${process.pid}\n`)
    })
    server.maxConnections = 8
    server.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    )
    server.listen(address, () => resolve(server.unref()))
  })
}

/** The holder's pid; 0 when it holds but does not answer within a second; undefined when it goes or is gone. */
function askHolder(address: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = ""
    const socket = connect(address)
    socket.setTimeout(1000, () => {
      socket.destroy()
      resolve(0)
    })
    socket.on("data", (chunk) => {
      answer += chunk.toString()
    })
    socket.on("end", () => resolve(answer === "" ? undefined : Number.parseInt(answer, 10)))
    socket.on("error", () => resolve(undefined))
  })
}
