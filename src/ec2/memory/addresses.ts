import { type InstanceLimits, supportsPrefixes } from "../../vpc/instance-limits.ts"
import type { NetworkInterface, Subnet } from "../../vpc/model.ts"
import type { AddressSpace } from "./address-space.ts"
import { type Core, spaceOf } from "./core.ts"
import { badCombination, Ec2Fault, invalid, noFreePrefix, subnetFull } from "./fault.ts"
import { limitsOf } from "./limits.ts"

/** Addresses asked for: by number, by name, or as prefixes. */
export interface Wanted {
  readonly addressCount?: number
  readonly prefixCount?: number
  readonly addresses?: readonly string[]
  readonly prefixes?: readonly string[]
}

interface Chosen {
  addresses: string[]
  prefixes: string[]
}

/** An ENI without instance holds as many addresses as the largest type allows. */
const unattachedMax = 64

/** Chooses without taking. Faults as EC2: exhausted subnet, no free /28, limit of the type, address in use. */
export function chooseAddresses(
  core: Core,
  subnet: Subnet,
  wanted: Wanted,
  eni?: NetworkInterface,
): Chosen {
  const { addressCount = 0, prefixCount = 0, addresses = [], prefixes = [] } = wanted
  const single = addressCount + addresses.length
  const blocks = prefixCount + prefixes.length
  if (single > 0 && blocks > 0)
    throw badCombination("You cannot request both secondary private IP addresses and prefixes.")
  if (addressCount > 0 && addresses.length > 0)
    throw badCombination("Specify either secondary private IP addresses or their number, not both.")
  if (eni && single + blocks === 0)
    throw new Ec2Fault(
      "MissingParameter",
      "Either a number of addresses or prefixes, or a list of them, must be given.",
    )
  const type = eni && typeOf(core, eni)
  if (type && blocks > 0 && !supportsPrefixes(type))
    throw new Ec2Fault("UnsupportedOperation", "The instance type does not support prefixes.")
  checkLimit(type, single + blocks, eni)
  const space = spaceOf(core, subnet.id, subnet.cidr)
  checkNamed(space, subnet, addresses, prefixes)
  const chosen = space.choose(addressCount)
  if (chosen === undefined) throw subnetFull()
  const chosenPrefixes = space.choosePrefixes(prefixCount)
  if (chosenPrefixes === undefined) throw noFreePrefix()
  return { addresses: [...addresses, ...chosen], prefixes: [...prefixes, ...chosenPrefixes] }
}

/** As above, with the primary address of a new interface. */
export function chooseAll(
  core: Core,
  subnet: Subnet,
  wanted: Wanted & { readonly primaryAddress?: string },
): Chosen & { primary: string } {
  const space = spaceOf(core, subnet.id, subnet.cidr)
  const { primaryAddress, addresses = [], prefixes = [] } = wanted
  checkNamed(space, subnet, primaryAddress === undefined ? [] : [primaryAddress], prefixes)
  const primary = primaryAddress ?? primaryBeside(space, addresses)
  // Held while the others are chosen, so that none of them is the primary.
  space.take(primary)
  try {
    return { primary, ...chooseAddresses(core, subnet, wanted) }
  } finally {
    space.give(primary)
  }
}

/** A free address that is none of the named ones. */
function primaryBeside(space: AddressSpace, named: readonly string[]): string {
  const free = named.filter((address) => space.isFree(address))
  for (const address of free) space.take(address)
  try {
    const [primary] = space.choose(1) ?? []
    if (primary === undefined) throw subnetFull()
    return primary
  } finally {
    for (const address of free) space.give(address)
  }
}

function typeOf(core: Core, eni: NetworkInterface): InstanceLimits | undefined {
  const instance = eni.attachment && core.tables.instance.get(eni.attachment.instanceId)
  return instance && limitsOf(instance.type)
}

function checkLimit(
  type: InstanceLimits | undefined,
  more: number,
  eni: NetworkInterface | undefined,
): void {
  const max = type ? type.ipv4PerEni : unattachedMax
  const has = 1 + (eni?.addresses.length ?? 0) + (eni?.prefixes.length ?? 0)
  if (has + more > max)
    throw new Ec2Fault(
      "PrivateIpAddressLimitExceeded",
      "Number of private addresses will exceed limit.",
    )
}

function checkNamed(
  space: AddressSpace,
  subnet: Subnet,
  addresses: readonly string[],
  prefixes: readonly string[],
): void {
  for (const address of addresses) {
    if (!space.contains(address))
      throw invalid(
        `Address ${address} does not fall within the subnet's address range ${subnet.cidr}`,
      )
    if (!space.isFree(address))
      throw new Ec2Fault("InvalidIPAddress.InUse", `Address ${address} is in use.`)
  }
  if (!prefixes.every((prefix) => space.isFreePrefix(prefix)))
    throw invalid("There aren't sufficient free Ipv4 addresses or prefixes")
}
