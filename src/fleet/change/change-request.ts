/** What the operator wants to be different. Everything absent stays as it is. */
export interface ChangeRequest {
  readonly customNetworking?: boolean
  readonly prefixDelegation?: boolean
  /** Environment of the warm targets, such as WARM_IP_TARGET. */
  readonly targets?: Readonly<Record<string, string>>
  /** A block to associate with the VPC for pods; absent: one is proposed when it is needed. */
  readonly block?: string
  /** Prefix length of the pod subnets; absent: sized by what the zones need. */
  readonly subnetLength?: number
  /** Security groups of the pods; absent: the cluster's, else the nodes'. */
  readonly securityGroups?: readonly string[]
  /** Growth to make room for. */
  readonly morePods?: number
  readonly moreNodes?: number
  /** One SubnetPool over all zones in place of an ENIConfig a zone. */
  readonly pool?: string
}
