import type { Examination } from "./examination.ts"
import type { Finding, Severity } from "./finding.ts"
import type { Need } from "./needs.ts"

/** What a check reports; the table adds id and, where not stated, severity. */
export type Symptom = Omit<Finding, "check" | "severity"> & { readonly severity?: Severity }

/** One question to a cluster. Pure: the same examination gives the same answer. */
export interface Check {
  /** A letter for the part (VPC, Subnet, Group, biNding, Cni, Max-pods, Rotation, eXecution) and a number. */
  readonly id: string
  readonly title: string
  /** Of its findings, unless they say otherwise. */
  readonly severity: Severity
  /** Readings without which it is skipped. */
  readonly needs: readonly Need[]
  /** Readings without which it is made and sees less. */
  readonly wants?: readonly Need[]
  readonly run: (examination: Examination) => Iterable<Symptom>
}
