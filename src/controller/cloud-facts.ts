import type { Clock } from "../clock.ts"
import type { CallOptions, Ec2 } from "../ec2/ec2.ts"
import { isError } from "../errors/catalogue.ts"
import { absent, failed, found, type Read } from "../placement/read.ts"
import { contains, parseCidr } from "../vpc/cidr.ts"
import type { SecurityGroup, Subnet, Vpc } from "../vpc/model.ts"

/** What a decision needs to know of the cloud. */
export interface FactsNeeded {
  /** Empty while no node has told the cluster's VPC. */
  readonly vpcId: string
  /** Ids named by objects or carried by interfaces; of any VPC. */
  readonly subnets: Iterable<string>
  readonly groups: Iterable<string>
  /** Every security group of the VPC: for pools that select by name or tag. */
  readonly allGroups: boolean
}

/** A fact that could not be had is asked for again after this long; one that exists is kept until told otherwise. */
const retryMs = 15_000
const vpcTtlMs = 600_000

/** Told of every subnet that a describe call between the two times showed. */
export type OnSubnet = (subnet: Subnet, startedAt: number, finishedAt: number) => void

interface Entry<T> {
  read: Read<T>
  at: number
}

/**
 * Subnets, security groups and VPCs as EC2 last said, shared by all nodes: three calls serve a cluster of any size.
 * Reads never call EC2; `ensure` does, and callers that ask for the same at the same time share one call.
 */
export class CloudFacts {
  readonly #ec2: Ec2
  readonly #clock: Clock
  readonly #call: CallOptions
  readonly #subnets = new Map<string, Entry<Subnet>>()
  readonly #groups = new Map<string, Entry<SecurityGroup>>()
  readonly #vpcs = new Map<string, Entry<Vpc>>()
  /** Ids of everything in a VPC, by VPC. */
  readonly #subnetsOf = new Map<string, Entry<readonly string[]>>()
  readonly #groupsOf = new Map<string, Entry<readonly string[]>>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #onSubnet: OnSubnet

  constructor(options: { ec2: Ec2; clock: Clock; signal: AbortSignal; onSubnet: OnSubnet }) {
    this.#ec2 = options.ec2
    this.#clock = options.clock
    this.#call = { priority: "allocate", signal: options.signal }
    this.#onSubnet = options.onSubnet
  }

  subnet(id: string): Read<Subnet> {
    return this.#subnets.get(id)?.read ?? failed(`subnet ${id} is not loaded yet`)
  }

  group(id: string): Read<SecurityGroup> {
    return this.#groups.get(id)?.read ?? failed(`security group ${id} is not loaded yet`)
  }

  vpc(id: string): Read<Vpc> {
    return this.#vpcs.get(id)?.read ?? failed(`VPC ${id} is not loaded yet`)
  }

  subnetsOf(vpcId: string): Read<readonly Subnet[]> {
    return members(this.#subnetsOf.get(vpcId), this.#subnets)
  }

  groupsOf(vpcId: string): Read<readonly SecurityGroup[]> {
    return members(this.#groupsOf.get(vpcId), this.#groups)
  }

  /** When the subnet was last seen in EC2; undefined when never. */
  observedAt(subnetID: string): number | undefined {
    return this.#subnets.get(subnetID)?.at
  }

  /**
   * Loads what is missing. The VPC's subnets and groups are loaded again when they are older than `listAgeMs`: free
   * addresses, tags and names change by others' doing. Returns whether anything was loaded. Never rejects: what could not be loaded reads as failed.
   */
  async ensure(need: FactsNeeded, listAgeMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { vpcId } = need
    const loads: Promise<void>[] = []
    const known = vpcId !== ""
    if (known && this.#isDue(this.#vpcs.get(vpcId), vpcTtlMs)) loads.push(this.#loadVpc(vpcId))
    if (known && this.#isDue(this.#subnetsOf.get(vpcId), listAgeMs))
      loads.push(this.#loadSubnets(vpcId))
    if (
      known &&
      need.allGroups &&
      this.#isDue(this.#groupsOf.get(vpcId), Math.min(vpcTtlMs, listAgeMs))
    )
      loads.push(this.#loadGroups(vpcId))
    await Promise.all(loads)
    // What is not in the VPC: of another VPC, or unknown. Asked one by one, for one unknown id fails a whole call.
    const subnets = [...need.subnets].filter((id) => this.#isDue(this.#subnets.get(id)))
    const groups = [...need.groups].filter((id) => this.#isDue(this.#groups.get(id)))
    await Promise.all([
      ...subnets.map((id) => this.#loadSubnet(id)),
      ...(groups.length > 0 ? [this.#loadGroupIds(groups)] : []),
    ])
    return loads.length + subnets.length + groups.length > 0
  }

  /** Loads the VPC's subnets anew now, for their free addresses. */
  async refreshSubnets(vpcId: string): Promise<void> {
    await this.#loadSubnets(vpcId)
  }

  /** Loads everything known of the VPC anew. */
  async refresh(vpcId: string): Promise<void> {
    const groups = [...this.#groups.keys()]
    await Promise.all([
      this.#loadVpc(vpcId),
      this.#loadSubnets(vpcId),
      ...(this.#groupsOf.has(vpcId) ? [this.#loadGroups(vpcId)] : []),
      ...(groups.length > 0 && !this.#groupsOf.has(vpcId) ? [this.#loadGroupIds(groups)] : []),
    ])
  }

  /** EC2 did not know it: forget it, so that the next decision asks again. */
  forget(id: string): void {
    this.#subnets.delete(id)
    this.#groups.delete(id)
  }

  #isDue(entry: Entry<unknown> | undefined, ttlMs = Number.POSITIVE_INFINITY): boolean {
    if (!entry) return true
    const age = this.#clock.now() - entry.at
    return age > (entry.read.state === "found" ? ttlMs : retryMs)
  }

  #loadVpc(id: string): Promise<void> {
    return this.#once(`vpc ${id}`, async () => {
      const vpcs = await this.#ec2.describeVpcs({ ids: [id] }, this.#call)
      return () => this.#store(this.#vpcs, id, vpcs[0])
    }).catch((error) => this.#fail(this.#vpcs, id, error))
  }

  #loadSubnets(vpcId: string): Promise<void> {
    return this.#once(`subnets of ${vpcId}`, async () => {
      const startedAt = this.#clock.now()
      const subnets = await this.#ec2.describeSubnets({ vpcId }, this.#call)
      return () => {
        for (const subnet of subnets) this.#storeSubnet(subnet, startedAt)
        const ids = subnets.map((s) => s.id)
        this.#store(this.#subnetsOf, vpcId, ids)
      }
    }).catch((error) => this.#fail(this.#subnetsOf, vpcId, error))
  }

  #loadSubnet(id: string): Promise<void> {
    return this.#once(`subnet ${id}`, async () => {
      const startedAt = this.#clock.now()
      const [subnet] = await this.#ec2.describeSubnets({ ids: [id] }, this.#call)
      return () => {
        if (subnet) this.#storeSubnet(subnet, startedAt)
        else this.#store<Subnet>(this.#subnets, id, undefined)
      }
    }).catch((error) => this.#fail(this.#subnets, id, error))
  }

  #loadGroups(vpcId: string): Promise<void> {
    return this.#once(`groups of ${vpcId}`, async () => {
      const groups = await this.#ec2.describeSecurityGroups({ vpcId }, this.#call)
      return () => {
        for (const group of groups) this.#store(this.#groups, group.id, group)
        const ids = groups.map((g) => g.id)
        this.#store(this.#groupsOf, vpcId, ids)
      }
    }).catch((error) => this.#fail(this.#groupsOf, vpcId, error))
  }

  async #loadGroupIds(ids: readonly string[]): Promise<void> {
    try {
      await this.#once(`groups ${[...ids].sort().join(",")}`, async () => {
        const groups = await this.#ec2.describeSecurityGroups({ ids }, this.#call)
        return () => {
          for (const id of ids)
            this.#store(
              this.#groups,
              id,
              groups.find((g) => g.id === id),
            )
        }
      })
    } catch (error) {
      if (ids.length > 1 && isError(error, "ec2/not-found")) {
        await Promise.all(ids.map((id) => this.#loadGroupIds([id])))
        return
      }
      for (const id of ids) this.#fail(this.#groups, id, error)
    }
  }

  #storeSubnet(subnet: Subnet, startedAt: number): void {
    this.#store(this.#subnets, subnet.id, subnet)
    this.#onSubnet(subnet, startedAt, this.#clock.now())
    this.#checkVpc(subnet)
  }

  /** A subnet outside the VPC's known blocks: a block was associated since, so the VPC is asked for anew. */
  #checkVpc(subnet: Subnet): void {
    const entry = this.#vpcs.get(subnet.vpcId)
    const own = parseCidr(subnet.cidr)
    if (entry?.read.state !== "found" || !own) return
    const blocks = entry.read.value.cidrs.flatMap(({ cidr }) => parseCidr(cidr) ?? [])
    if (!blocks.some((block) => contains(block, own))) entry.at = Number.NEGATIVE_INFINITY
  }

  #store<T>(map: Map<string, Entry<T>>, id: string, value: T | undefined): void {
    map.set(id, { read: value === undefined ? absent : found(value), at: this.#clock.now() })
  }

  /** A refresh that fails leaves the known fact in place; "does not exist" replaces it. */
  #fail<T>(map: Map<string, Entry<T>>, id: string, error: unknown): void {
    if (isError(error, "ec2/not-found")) {
      this.#store<T>(map, id, undefined)
      return
    }
    const known = map.get(id)
    if (known?.read.state === "found") known.at = this.#clock.now()
    else map.set(id, { read: failed((error as Error).message), at: this.#clock.now() })
  }

  async #once(key: string, load: () => Promise<() => void>): Promise<void> {
    let running = this.#loading.get(key)
    if (!running) {
      running = load()
        .then((store) => store())
        .finally(() => this.#loading.delete(key))
      this.#loading.set(key, running)
    }
    await running
  }
}

function members<T>(
  ids: Entry<readonly string[]> | undefined,
  all: ReadonlyMap<string, Entry<T>>,
): Read<readonly T[]> {
  if (!ids) return failed("not loaded yet")
  if (ids.read.state !== "found") return ids.read
  return found(
    ids.read.value.flatMap((id) => {
      const read = all.get(id)?.read
      return read?.state === "found" ? [read.value] : []
    }),
  )
}
