import type { Clock } from "../../clock.ts"
import type { Ec2 } from "../../ec2/ec2.ts"
import type { Amount } from "../../ec2/ledger.ts"
import { isError } from "../../errors/catalogue.ts"
import type { Logger } from "../../log.ts"
import type { CloudFacts } from "../cloud-facts.ts"
import type { ClusterName } from "../cluster-name.ts"
import type { SubnetSupplies } from "../subnet-supply.ts"

/** What every call on behalf of a node works with. */
export interface CallContext {
  readonly ec2: Ec2
  readonly clock: Clock
  readonly log: Logger
  readonly facts: CloudFacts
  readonly supplies: SubnetSupplies
  readonly clusterName: ClusterName
  /** The term: aborted when the lease is lost. */
  readonly signal: AbortSignal
  /** The node's record has changed: write it, plan again. */
  readonly changed: (node: string) => void
}

/** True when the call may have been carried out all the same: by EC2, which did not say so, or by the next leader. */
export const isAmbiguous = (error: unknown): boolean =>
  isError(error, "ec2/unavailable") ||
  isError(error, "controller/lease-stale") ||
  (error as Error).name === "AbortError"

/** Addresses and prefixes as the ledger counts them; `own` for the interface's primary address. */
export const amountOn = (
  { addresses, prefixes }: { addresses: readonly string[]; prefixes: readonly string[] },
  own: number,
): Amount => ({ addresses: addresses.length + own, prefixes: prefixes.length })
