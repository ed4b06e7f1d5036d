/** One request of a case, sent to both servers. */
export interface Step {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  /** Content-Type; application/json when absent. */
  readonly type?: string
  readonly accept?: string
  /** The step is sent again while the answer is this: the real server's admission learns of an object a moment late. */
  readonly whileStatus?: number
}

export interface Case {
  readonly name: string
  readonly steps: readonly Step[]
}

export const get = (path: string, accept?: string): Step => ({
  method: "GET",
  path,
  ...(accept ? { accept } : {}),
})
export const post = (path: string, body: unknown): Step => ({ method: "POST", path, body })
export const put = (path: string, body: unknown): Step => ({ method: "PUT", path, body })
export const del = (path: string, body?: unknown): Step => ({
  method: "DELETE",
  path,
  ...(body ? { body } : {}),
})
const patch = (kind: string, path: string, body: unknown): Step => ({
  method: "PATCH",
  path,
  body,
  type: kind === "apply" ? "application/apply-patch+yaml" : `application/${kind}-patch+json`,
})
export const merge = (path: string, body: unknown) => patch("merge", path, body)
export const strategic = (path: string, body: unknown) => patch("strategic-merge", path, body)
export const json = (path: string, body: unknown) => patch("json", path, body)
export const apply = (path: string, body: unknown) => patch("apply", path, body)

/** What kubectl asks for when it prints a table. */
export const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
