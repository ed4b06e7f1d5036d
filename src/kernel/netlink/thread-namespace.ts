import { closeSync, openSync, stat } from "node:fs"
import { enterNamespace, newNamespace } from "./libc.ts"

/** The calling thread's own; /proc/self is the main thread's. */
const ownNamespace = "/proc/thread-self/ns/net"

/** Opens the namespace this thread is in now. */
export const openOwnNamespace = (): number => openSync(ownNamespace, "r")

/**
 * Which network namespace this thread is in. Entering another one is undone before control returns to the event loop,
 * so no other code of the process ever runs there.
 */
export class ThreadNamespace {
  #current: number

  constructor(home: number) {
    this.#current = home
    // libuv starts its worker threads at the first file or DNS call, and a thread is born into the namespace of its
    // parent: start them now, at home, and not by chance within a pod's namespace.
    stat("/", () => {})
  }

  /** Runs `work` in the namespace behind `fd`. */
  enter<T>(fd: number, work: () => T): T {
    if (fd === this.#current) return work()
    const before = this.#current
    enterNamespace(fd)
    this.#current = fd
    try {
      return work()
    } finally {
      this.#return(before)
    }
  }

  /** Makes a namespace and runs `work` in it. The caller must keep it by binding it somewhere, or it ends. */
  enterNew<T>(work: (path: string) => T): T {
    const before = this.#current
    newNamespace()
    const fd = openOwnNamespace()
    this.#current = fd
    try {
      return work(ownNamespace)
    } finally {
      this.#return(before)
      closeSync(fd)
    }
  }

  #return(fd: number): void {
    this.#current = fd
    try {
      enterNamespace(fd)
    } catch (error) {
      // Going on in a wrong namespace would wire pods into each other; the supervisor's restart is safe.
      console.error(`cannot return to the network namespace this thread came from: ${error}`)
      process.abort()
    }
  }
}
