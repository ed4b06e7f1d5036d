import { parseCidr } from "../../vpc/cidr.ts"
import { type AddressChoice, AddressSpace } from "./address-space.ts"
import type { CloudChange, ResourceKind, Resources } from "./records.ts"
import { Table, type View } from "./table.ts"

/** How long the cloud takes to finish what a call only started, in milliseconds. */
export interface Timing {
  /** From `attaching` to `attached`. */
  readonly attachMs: number
  readonly detachMs: number
  /** From `pending` to `running`. */
  readonly startMs: number
  /** From `shutting-down` to `terminated`. */
  readonly stopMs: number
  /** How long a terminated instance is still described; EC2 keeps it about an hour. Infinity = for ever. */
  readonly forgetMs: number
  readonly natGatewayMs: number
  /** From `associating` to `associated` of a VPC's CIDR block. */
  readonly associateMs: number
}

export interface Zone {
  readonly name: string
  readonly id: string
}

export interface CoreOptions {
  readonly region: string
  readonly account: string
  readonly zones: readonly Zone[]
  readonly now: () => number
  readonly random: () => number
  readonly timing: Timing
  readonly addressChoice: AddressChoice
  /** How far describe calls may lag behind; bounds the past that is kept. */
  readonly memoryMs: number
  readonly changed: (change: CloudChange) => void
  /** Runs `task` after `ms`; dropped when the cloud is closed. */
  readonly later: (ms: number, task: () => void) => void
}

export type Tables = { readonly [K in ResourceKind]: Table<Resources[K]> }
export type Views = { readonly [K in ResourceKind]: View<Resources[K]> }

/** The cloud's state. Operations are functions over it: they check everything first, so a fault changes nothing. */
export interface Core extends CoreOptions {
  readonly tables: Tables
  /** Addresses in use by subnet. */
  readonly spaces: Map<string, AddressSpace>
  /** Resources made with a client token, oldest first. */
  readonly tokens: Map<string, { readonly request: string; readonly resource: string }>
  newId(prefix: string): string
  newMac(): string
  /** All tables as they were at `time`. */
  asOf(time: number): Views
}

export function createCore(options: CoreOptions): Core {
  let serial = 0
  const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0")
  const randomHex = (digits: number) => hex(Math.floor(options.random() * 16 ** digits), digits)
  const tables = createTables(options)
  return {
    ...options,
    tables,
    spaces: new Map(),
    tokens: new Map(),
    // Random as EC2's, but with a serial number inside: unique whatever the random source does.
    newId: (prefix) => `${prefix}-0${randomHex(8)}${hex(++serial, 8)}`,
    newMac: () => {
      const digits = `0a${randomHex(4)}${hex(++serial % 2 ** 24, 6)}`
      return (digits.match(/../g) ?? []).join(":")
    },
    asOf: (time) => viewsAt(tables, time),
  }
}

function createTables(options: CoreOptions): Tables {
  const table = <K extends ResourceKind>(
    kind: K,
    group?: (row: Resources[K]) => string | undefined,
  ): Table<Resources[K]> =>
    new Table<Resources[K]>({
      now: options.now,
      memoryMs: options.memoryMs,
      changed: (before, after) =>
        options.changed({
          kind,
          ...(before && { before }),
          ...(after && { after }),
        } as CloudChange),
      ...(group && { group }),
    })
  return {
    vpc: table("vpc"),
    subnet: table("subnet", (s) => s.vpcId),
    securityGroup: table("securityGroup", (g) => g.vpcId),
    networkInterface: table("networkInterface", (i) => i.attachment?.instanceId),
    instance: table("instance"),
    routeTable: table("routeTable", (t) => t.vpcId),
    internetGateway: table("internetGateway"),
    natGateway: table("natGateway"),
    elasticAddress: table("elasticAddress"),
    subnetReservation: table("subnetReservation", (r) => r.subnetId),
    launchTemplate: table("launchTemplate"),
  }
}

function viewsAt(t: Tables, time: number): Views {
  return {
    vpc: t.vpc.asOf(time),
    subnet: t.subnet.asOf(time),
    securityGroup: t.securityGroup.asOf(time),
    networkInterface: t.networkInterface.asOf(time),
    instance: t.instance.asOf(time),
    routeTable: t.routeTable.asOf(time),
    internetGateway: t.internetGateway.asOf(time),
    natGateway: t.natGateway.asOf(time),
    elasticAddress: t.elasticAddress.asOf(time),
    subnetReservation: t.subnetReservation.asOf(time),
    launchTemplate: t.launchTemplate.asOf(time),
  }
}

/** The subnet's address space, made on first use. */
export function spaceOf(core: Core, subnetId: string, cidr: string): AddressSpace {
  const known = core.spaces.get(subnetId)
  if (known) return known
  const block = parseCidr(cidr)
  if (block === undefined) throw new Error(`subnet ${subnetId} has the malformed block ${cidr}`)
  const space = new AddressSpace(block, core.addressChoice, core.random)
  core.spaces.set(subnetId, space)
  return space
}

/** Takes or gives addresses and prefixes of a subnet and keeps its AvailableIpAddressCount right. */
export function changeAddresses(
  core: Core,
  subnetId: string,
  change: { readonly take?: readonly string[]; readonly give?: readonly string[] },
): void {
  const subnet = core.tables.subnet.get(subnetId)
  if (subnet === undefined) return
  const space = spaceOf(core, subnetId, subnet.cidr)
  for (const address of change.give ?? []) space.give(address)
  for (const address of change.take ?? []) space.take(address)
  if (space.free !== subnet.availableAddresses)
    core.tables.subnet.put({ ...subnet, availableAddresses: space.free })
}

const tokensMax = 10_000

/**
 * Runs `make` once per client token: a repeated request gets the first one's resource ("Ensuring idempotency", EC2
 * API reference), the same token with other parameters is refused by the caller through `mismatch`.
 */
export function once(
  core: Core,
  use: { readonly scope: string; readonly token: string | undefined; readonly request: unknown },
  step: { readonly make: () => string; readonly mismatch: () => Error },
): string {
  if (use.token === undefined || use.token === "") return step.make()
  const key = `${use.scope} ${use.token}`
  const request = JSON.stringify(use.request)
  const earlier = core.tokens.get(key)
  if (earlier) {
    if (earlier.request !== request) throw step.mismatch()
    return earlier.resource
  }
  const resource = step.make()
  core.tokens.set(key, { request, resource })
  const oldest = core.tokens.keys().next().value
  if (core.tokens.size > tokensMax && oldest !== undefined) core.tokens.delete(oldest)
  return resource
}
