import { isError } from "../../errors/catalogue.ts"
import { maxPods } from "../../vpc/max-pods.ts"
import { type NodeCapacity, nodeCapacity } from "../capacity/node-capacity.ts"
import type { Check, Symptom } from "./check.ts"
import type { Examination } from "./examination.ts"
import { enumerate, plural } from "./finding.ts"

/** Nodes of one type that advertise the same number are one finding. */
function grouped(capacities: readonly NodeCapacity[]) {
  const groups = Map.groupBy(capacities, (c) => `${c.type} ${c.advertised}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [{ first, names: group.map((c) => c.node) }]
  })
}

const capacitiesOf = ({ nodes, index }: Examination) =>
  nodes.flatMap((node) => nodeCapacity(index, node) ?? [])

const userData = ({ expected }: NodeCapacity, { index }: Examination) =>
  `berth user-data ${index.snapshot.cluster.name ?? "CLUSTER"} --max-pods ${expected.recommended}`

function* tooMany(examination: Examination): Iterable<Symptom> {
  const { customNetworking } = examination.index.mode
  const over = capacitiesOf(examination).filter(
    ({ advertised, expected }) => (advertised ?? 0) > expected.podAddresses + 2,
  )
  for (const { first, names } of grouped(over)) {
    const { type, advertised, expected } = first
    yield {
      object: `node/${names[0]}`,
      says: `${plural(names.length, "node")} of type ${type} ${names.length === 1 ? "advertises" : "advertise"} ${advertised} pods and can give ${expected.podAddresses} addresses: pods beyond stay in ContainerCreating`,
      evidence: [
        `${expected.interfaces} ENIs for pods${customNetworking ? ", the primary one not among them" : ""}`,
        enumerate(names),
      ],
      fix: {
        kind: "plan",
        says: `Start nodes with max-pods ${expected.recommended}, and replace these.`,
        command: userData(first, examination),
      },
    }
  }
}

function* prefixesUnused(examination: Examination): Iterable<Symptom> {
  if (!examination.index.mode.prefixDelegation) return
  const { customNetworking } = examination.index.mode
  const old = capacitiesOf(examination).filter(({ advertised, expected, type }) => {
    const before = maxPods({ type, customNetworking })
    return (
      expected.usesPrefixes && advertised === before.allowed && advertised < expected.recommended
    )
  })
  for (const { first, names } of grouped(old)) {
    yield {
      object: `node/${names[0]}`,
      says: `prefixes are on, and ${plural(names.length, "node")} of type ${first.type} still ${names.length === 1 ? "advertises" : "advertise"} ${first.advertised} pods: ${first.expected.recommended} would fit`,
      evidence: [enumerate(names)],
      fix: {
        kind: "plan",
        says: `Start nodes with max-pods ${first.expected.recommended}, and replace these.`,
        command: userData(first, examination),
      },
    }
  }
}

function* mixedGroups({ aws, index }: Examination): Iterable<Symptom> {
  const { customNetworking, prefixDelegation } = index.mode
  for (const { name, instanceTypes, customAmi } of aws.nodeGroups) {
    // EKS takes the smallest only where it computes the number itself.
    if (customAmi || instanceTypes.length < 2) continue
    const values = instanceTypes.flatMap((type) => {
      const count = recommendedFor(type, { customNetworking, prefixDelegation })
      return count === undefined ? [] : [{ type, count }]
    })
    const smallest = Math.min(...values.map((v) => v.count))
    const larger = values.filter((v) => v.count > smallest)
    if (larger.length === 0) continue
    yield {
      object: `nodegroup/${name}`,
      says: `its types allow different numbers of pods, and EKS gives all the smallest: ${smallest}`,
      evidence: [
        enumerate(
          values.map((v) => `${v.type}: ${v.count}`),
          8,
        ),
      ],
      fix: { kind: "plan", says: "Group types of the same limits (berth max-pods shows them)." },
    }
  }
}

function recommendedFor(
  type: string,
  mode: { customNetworking: boolean; prefixDelegation: boolean },
): number | undefined {
  try {
    return maxPods({ type, ...mode }).recommended
  } catch (error) {
    if (isError(error, "vpc/instance-type-unknown")) return undefined
    throw error
  }
}

const nodes = ["nodes", "daemonsets.apps", "ec2:DescribeInstances"] as const

export const maxPodsChecks: readonly Check[] = [
  {
    id: "M01",
    title: "Nodes promise no more pods than they have addresses for",
    severity: "blocking",
    needs: nodes,
    run: tooMany,
  },
  {
    id: "M02",
    title: "Types of a node group allow the same number of pods",
    severity: "risk",
    needs: ["eks:DescribeNodegroup"],
    run: mixedGroups,
  },
  {
    id: "M03",
    title: "Max pods make use of prefixes",
    severity: "risk",
    needs: nodes,
    run: prefixesUnused,
  },
]
