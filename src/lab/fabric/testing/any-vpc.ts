import fc from "fast-check"
import type { FabricRule, VpcView } from "../vpc-view.ts"
import { everyone, group, sampleVpc, withInterface } from "./sample-vpc.ts"

const groups = ["sg-a", "sg-b", "sg-c"]

const rule: fc.Arbitrary<FabricRule> = fc
  .record({
    egress: fc.boolean(),
    protocol: fc.constantFrom("-1", "tcp", "udp", "icmp", "50", "nonsense"),
    fromPort: fc.option(fc.integer({ min: -1, max: 90 }), { nil: undefined }),
    peer: fc.constantFrom("10.0.0.0/24", "0.0.0.0/0", ...groups, "sg-gone"),
  })
  .map(({ egress, protocol, fromPort, peer }) => ({
    egress,
    protocol,
    ...(fromPort !== undefined && { fromPort, toPort: fromPort }),
    ...(peer.startsWith("sg-") ? { groupId: peer } : { cidr: peer }),
  }))

/** Some of the sample's interfaces, with random security groups, rules and addresses. */
export const anyVpc: fc.Arbitrary<VpcView> = fc
  .record({
    interfaces: fc.subarray([...sampleVpc.interfaces]),
    groups: fc.subarray(groups),
    rules: fc.array(fc.array(rule, { maxLength: 3 }), { minLength: 3, maxLength: 3 }),
    carried: fc.array(fc.subarray(groups), { minLength: 5, maxLength: 5 }),
    checked: fc.boolean(),
  })
  .map(({ interfaces, groups: present, rules, carried, checked }) =>
    interfaces.reduce<VpcView>(
      (vpc, eni, i) =>
        withInterface(vpc, eni.id.slice(4), {
          groups: carried[i] ?? [],
          sourceDestCheck: checked,
          publicAddresses: checked ? {} : { [eni.primaryAddress]: `203.0.113.${i}` },
        }),
      {
        ...sampleVpc,
        interfaces,
        groups: present.map((id, i) => ({ ...group(id), rules: rules[i] ?? [] })),
      },
    ),
  )

/** All interfaces, and rules that let about half of the packets pass. */
export const busyVpc: fc.Arbitrary<VpcView> = fc
  .record({
    rules: fc.array(fc.array(plausibleRule(), { minLength: 1, maxLength: 4 }), exactly(3)),
    opensOut: fc.array(fc.boolean(), exactly(3)),
    carried: fc.array(fc.subarray(groups, { minLength: 1 }), exactly(sampleVpc.interfaces.length)),
  })
  .map(({ rules, opensOut, carried }) =>
    sampleVpc.interfaces.reduce<VpcView>(
      (vpc, eni, i) => withInterface(vpc, eni.id.slice(4), { groups: carried[i] ?? [] }),
      {
        ...sampleVpc,
        groups: groups.map((id, i) => ({
          id,
          rules: [...(opensOut[i] ? [everyone] : []), ...(rules[i] ?? [])],
        })),
      },
    ),
  )

function exactly(length: number) {
  return { minLength: length, maxLength: length }
}

function plausibleRule(): fc.Arbitrary<FabricRule> {
  return fc
    .record({
      egress: fc.boolean(),
      match: fc.constantFrom(
        { protocol: "-1" },
        { protocol: "tcp" },
        { protocol: "tcp", fromPort: 80, toPort: 80 },
        { protocol: "6", fromPort: 81, toPort: 90 },
        { protocol: "icmp", fromPort: 8, toPort: -1 },
        { protocol: "icmp", fromPort: 3, toPort: 0 },
      ),
      peer: fc.constantFrom("10.0.0.0/16", "100.64.0.0/24", "0.0.0.0/0", ...groups),
    })
    .map(({ egress, match, peer }) => ({
      egress,
      ...match,
      ...(peer.startsWith("sg-") ? { groupId: peer } : { cidr: peer }),
    }))
}
