import type { KubeObject } from "../api/meta.ts"
import type { Resource } from "../api/resources.ts"

/**
 * Port to the Kubernetes API. Implementations: `client/` (the official client's configuration and credentials) and
 * `memory/`; one case table runs over both. Errors are `KubeError` with the HTTP status and the API's reason.
 */
export interface Kube {
  /** Undefined only on a definite 404; every other failure rejects, so absence is never guessed. */
  get<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace?: string,
  ): Promise<T | undefined>
  /** All pages. */
  list<T extends KubeObject>(
    resource: Resource<T>,
    query?: ListQuery,
  ): Promise<{ items: T[]; resourceVersion: string }>
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>
  /** Replaces; rejects with Conflict when metadata.resourceVersion is set and stale. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    subresource?: "status",
  ): Promise<T>
  patch<T extends KubeObject>(resource: Resource<T>, target: Target, patch: Patch): Promise<T>
  /** Absent is success. */
  remove<T extends KubeObject>(
    resource: Resource<T>,
    target: Target,
    options?: { gracePeriodSeconds?: number; uid?: string },
  ): Promise<void>
  /** POST to a subresource such as pods/eviction; resolves with the answer. */
  createSubresource(
    resource: Resource<KubeObject>,
    target: Target,
    subresource: string,
    body: unknown,
  ): Promise<unknown>
  /**
   * One watch connection, ended by the server, an error or the signal. Its first event is a bookmark of the version
   * asked for: the server has taken the watch. Later bookmarks are the server's. Callers want `Informer`.
   */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    query: ListQuery & { resourceVersion: string; signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>
  /** GET of a path that is not an object, such as /version. */
  raw(path: string): Promise<unknown>
}

/** For answers that are no JSON, such as a pod's log: only people's tools need them. */
export interface KubeText {
  text(path: string, query?: Record<string, string>): Promise<string>
}

export interface ListQuery {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
}

export interface Target {
  name: string
  namespace?: string
}

export type Patch =
  | { type: "merge"; body: unknown; subresource?: string }
  | { type: "strategic"; body: unknown; subresource?: string }
  | { type: "json"; body: unknown[]; subresource?: string }
  | { type: "apply"; body: unknown; fieldManager: string; force?: boolean; subresource?: string }

export interface WatchEvent<T> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"
  object: T
}

export class KubeError extends Error {
  /** HTTP status; 0 when no answer came (connection refused, time-out). */
  readonly status: number
  /** The API's `reason`: NotFound, Conflict, AlreadyExists, Forbidden, Expired, ...; "Unreachable" when status is 0. */
  readonly reason: string

  constructor(status: number, reason: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.name = "KubeError"
    this.status = status
    this.reason = reason
  }
}
