import type { Condition, KubeObject, LabelSelector } from "./meta.ts"

export type SubnetStrategy = "MostFree" | "MostFreePrefixes" | "Ordered" | "Weighted"

/** Selects subnets: exactly one of the members. Terms of a list are ORed, tags within a term are ANDed. */
export interface SubnetTerm {
  id?: string
  /** A value of "*" asks only that the tag exists. */
  tags?: Record<string, string>
  /** Every subnet inside this block. */
  cidr?: string
  /** For strategy Weighted; default 1. */
  weight?: number
  /** Addresses of each matched subnet that are left to others; default 0. */
  reserve?: number
}

export interface SecurityGroupTerm {
  id?: string
  name?: string
  tags?: Record<string, string>
}

/** berth.dev/v1alpha1 SubnetPool. */
export interface SubnetPool extends KubeObject {
  spec: {
    subnets: SubnetTerm[]
    securityGroups?: SecurityGroupTerm[]
    strategy?: SubnetStrategy
    /** Whom the pool serves: nodes, or pods; exactly one. */
    nodeSelector?: LabelSelector
    podSelector?: LabelSelector
    namespaceSelector?: LabelSelector
    serviceAccount?: string
    /** Breaks ties between pools that select the same node or pod; higher wins. */
    priority?: number
    /** Most addresses that one namespace may hold. */
    quotaPerNamespace?: number
    sticky?: { ttlSeconds: number }
  }
  status?: SubnetPoolStatus
}

export interface SubnetStatus {
  id: string
  zone: string
  cidr: string
  total: number
  usedByUs: number
  usedByOthers: number
  inFlight: number
  cooling: number
  free: number
  freePrefixes: number
  /** Prefix length of the largest free aligned block, such as 24. */
  largestBlock?: number
  observedAt: string
  /** Addresses an hour; absent until measured. */
  burnRate?: number
  daysToFull?: number
}

/** What the pods of a namespace have of a pool with a quota. */
export interface NamespaceStatus {
  namespace: string
  addresses: number
  waiting: number
}

export interface SubnetPoolStatus {
  observedGeneration?: number
  nodes: number
  pods: number
  /** Pods without an address. */
  waiting?: number
  free: number
  total: number
  /** Of the subnet that fills up first; absent while none does. */
  daysToFull?: number
  subnets: SubnetStatus[]
  /** With a quota: those that use most of it. */
  namespaces?: NamespaceStatus[]
  conditions: Condition[]
}
