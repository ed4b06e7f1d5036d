import type { PlacementKey } from "../../api/nodenetwork.ts"
import { nodeCapacity } from "../capacity/node-capacity.ts"
import { enumerate, type Fix } from "../doctor/finding.ts"
import { deleteInterfaces, leakedInterfaces } from "../doctor/leaked-interfaces.ts"
import { planCommand, refusalFix } from "../doctor/refusal-fix.ts"
import { otherSubnetFix } from "../doctor/roomier-subnet.ts"
import type { FleetIndex } from "../facts/fleet-index.ts"
import type { NodeFacts } from "../snapshot.ts"
import {
  type CauseTest,
  type OutageCase,
  objectOf,
  said,
  subnetsOf,
  type Verdict,
} from "./outage-case.ts"

const mismatch = new Set([
  "placement/zone-mismatch",
  "placement/vpc-mismatch",
  "placement/subnet-unknown",
  "placement/no-subnet",
  "placement/security-group-invalid",
])

function refused(of: OutageCase, codes: (code: string) => boolean): Verdict | undefined {
  const { examination, node, resolution } = of
  if (resolution === undefined || resolution.ok || resolution.unreadable) return undefined
  if (!codes(resolution.refusal.code)) return undefined
  const evidence = resolution.trace.map((step) => `${step.subject}: ${step.why}`)
  const fix = refusalFix(examination, node, resolution)
  return { says: resolution.refusal.message, evidence, fix }
}

export const noEniConfig: CauseTest = (of) => refused(of, (code) => !mismatch.has(code))
export const placementMismatch: CauseTest = (of) => refused(of, (code) => mismatch.has(code))

/** Named in one command: more make no command line. */
const podsMost = 30

export const overPacked: CauseTest = ({ examination, node, stuck, status, placement }) => {
  const { index, addressedPods, podInterfaces } = examination
  const capacity = nodeCapacity(index, node)
  if (capacity === undefined) return undefined
  const { podAddresses, interfaces, recommended } = capacity.expected
  const placed = addressedPods(node).filter((p) => p.ip !== undefined).length
  const noSlot = status?.ready === false && status.code === "ipam/no-interface-slot"
  const rests = coolingOn(index, node, placement) >= stuck.length
  if (placed < podAddresses && (!noSlot || rests)) return undefined
  // A pod without an owner would not come back.
  const movable = stuck.filter((p) => p.owner !== undefined).slice(0, podsMost)
  const crowded = placed >= podAddresses
  const later = crowded
    ? `Then start such nodes with max-pods ${recommended} (berth max-pods; check M01), or turn on prefix delegation.`
    : "An ENI that drains is freed when its last pod is gone."
  const fix: Fix = {
    kind: "plan",
    says: `Let the waiting pods start on other nodes. ${later}`,
    ...(movable.length > 0 && { command: moveCommand(node.name, movable) }),
  }
  return {
    says: crowded
      ? `the node has as many pods as a ${capacity.type} has addresses for, and advertises more`
      : "every ENI slot of the node is taken by ENIs that its new pods cannot use",
    evidence: [
      `${placed} pods have an address, ${podAddresses} is the most`,
      ...(crowded ? [] : unusable(index, node, placement)),
      `${podInterfaces(node).length} of ${interfaces} ENIs for pods are attached`,
      `allocatable pods: ${capacity.advertised ?? "?"}`,
      ...(status?.ready === false && status.message ? [status.message] : []),
    ],
    fix,
  }
}

/** ENIs that hold a slot and do not serve new pods of the placement. */
const unusable = (index: FleetIndex, node: NodeFacts, placement: PlacementKey): string[] =>
  (index.nodeNetwork(node.name)?.status?.interfaces ?? [])
    .filter((i) => !i.primary && (i.state === "Draining" || i.placement !== placement))
    .map((i) => `${i.id} in ${i.subnetID}: ${i.state}, placement ${i.placement}`)

function moveCommand(node: string, pods: OutageCase["stuck"]): string {
  const byNamespace = Map.groupBy(pods, (p) => p.namespace)
  const deletions = [...byNamespace].map(
    ([namespace, list]) =>
      `kubectl delete pod --wait=false -n ${namespace} ${list.map((p) => p.name).join(" ")}`,
  )
  return [`kubectl cordon ${node}`, ...deletions].join(" && ")
}

export const fragmentation: CauseTest = (of) => {
  const { examination } = of
  const lines = said(
    of,
    /InsufficientCidrBlocks|sufficient free Ipv4 addresses or prefixes|ec2\/no-free-prefix|no free \/28/,
  )
  const maps = subnetsOf(of).flatMap((s) => examination.subnetMap(s) ?? [])
  const free = maps.reduce((sum, map) => sum + map.free, 0)
  const blocks = maps.reduce((sum, map) => sum + map.freePrefixes, 0)
  const measured = examination.index.mode.prefixDelegation && maps.length > 0
  if (measured ? blocks > 0 || free < 16 : lines.length === 0) return undefined
  return {
    says: `the subnet of ${objectOf(of)} has free addresses and no whole /28 block for a prefix`,
    evidence: [
      ...(measured ? [`${free} free addresses, ${blocks} free /28 blocks`] : []),
      ...lines,
    ],
    fix: otherSubnetFix(examination, of.node, of.resolution, { prefixes: true, needs: 16 }) ?? {
      kind: "plan",
      says: "Add a subnet in the zone, and reserve a range of it for prefixes (check S06 names one).",
      command: "berth plan",
    },
  }
}

export const subnetFull: CauseTest = (of) => {
  const { examination, stuck } = of
  const subnets = subnetsOf(of)
  const lines = said(of, /InsufficientFreeAddressesInSubnet|ec2\/subnet-full|no free address left/)
  const free = subnets.reduce((sum, s) => sum + s.availableAddresses, 0)
  const measured = subnets.length > 0
  if (measured ? free >= stuck.length : lines.length === 0) return undefined
  const list = subnets.map((s) => `${s.id} (${s.cidr}): ${s.availableAddresses} free`)
  const one = subnets.length <= 1
  const ids = new Set(subnets.map((s) => s.id))
  const leaked = leakedInterfaces(examination).filter((i) => ids.has(i.subnetId))
  const holders = leaked.length > 0 ? [`${leaked.length} ENIs there belong to no instance`] : []
  return {
    says: `the ${one ? "subnet" : "subnets"} of ${objectOf(of)} ${one ? "is" : "are"} full${list.length > 0 ? `: ${enumerate(list)}` : ""}`,
    evidence: [...list, ...holders, ...lines],
    fix:
      leaked.length > 0
        ? deleteInterfaces(leaked)
        : (otherSubnetFix(examination, of.node, of.resolution, {
            prefixes: false,
            needs: stuck.length,
          }) ?? {
            kind: "plan",
            says: "Add a subnet in the zone: a plan sizes it.",
            command: planCommand,
          }),
  }
}

/** Addresses that rest after other pods, as Berth's agent counts them. */
const coolingOn = (index: FleetIndex, node: NodeFacts, placement: PlacementKey): number =>
  (index.nodeNetwork(node.name)?.spec.demand ?? [])
    .filter((d) => d.placement === placement)
    .reduce((sum, d) => sum + d.cooling, 0)

export const coolDown: CauseTest = ({ examination, node, stuck, placement }) => {
  const { index, podInterfaces, addressedPods } = examination
  const cooling = coolingOn(index, node, placement)
  const held = podInterfaces(node).reduce(
    (n, i) => n + i.addresses.length + 16 * i.prefixes.length,
    0,
  )
  const used = addressedPods(node).filter((p) => p.ip !== undefined).length
  const attaching = podInterfaces(node).some((i) => i.status === "attaching")
  if (cooling < stuck.length && !attaching && held - used < stuck.length) return undefined
  return {
    says: attaching
      ? "an ENI is being attached: addresses come within seconds"
      : `the node has addresses, and they cool down after other pods (${examination.env["IP_COOLDOWN_PERIOD"] ?? "30"} s)`,
    evidence: [`${held} addresses, ${used} in use${cooling > 0 ? `, ${cooling} cooling` : ""}`],
    fix: { kind: "auto", says: "Wait; a larger warm target avoids it." },
  }
}
