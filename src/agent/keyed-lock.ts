/** Runs the work of one key in order of arrival; different keys do not wait for each other. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** True while work of the key runs or waits. */
  has(key: string): boolean {
    return this.#tails.has(key)
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const done = before ? before.then(work, work) : work()
    const tail = done.catch(() => {})
    this.#tails.set(key, tail)
    try {
      return await done
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
