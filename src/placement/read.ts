import { fail } from "../errors/catalogue.ts"

/**
 * What reading an object yielded. A failed read is a value of its own, so that it can never be taken for absence:
 * the original swallows a failed node read and gives the node the ENIConfig `default`, for good.
 */
export type Read<T> =
  | { readonly state: "found"; readonly value: T }
  | { readonly state: "absent" }
  | { readonly state: "failed"; readonly why: string }

export const found = <T>(value: T): Read<T> => ({ state: "found", value })
export const absent: Read<never> = { state: "absent" }
export const failed = (why: string): Read<never> => ({ state: "failed", why })

/** A lookup over a complete list: what the list lacks is absent; when the list was not read, nothing is known. */
export function lookup<T>(list: Read<Iterable<T>>, idOf: (item: T) => string) {
  if (list.state !== "found") {
    return (): Read<T> => (list.state === "failed" ? list : absent)
  }
  const index = new Map([...list.value].map((item) => [idOf(item), item]))
  return (id: string): Read<T> => {
    const item = index.get(id)
    return item === undefined ? absent : found(item)
  }
}

/** The value, undefined when absent; throws `placement/unreadable` when the read failed. */
export function readable<T>(what: string, read: Read<T>): T | undefined {
  if (read.state === "failed") throw fail("placement/unreadable", { what, why: read.why })
  return read.state === "found" ? read.value : undefined
}
