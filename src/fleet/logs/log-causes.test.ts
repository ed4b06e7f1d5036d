import assert from "node:assert/strict"
import { test } from "node:test"
import { causesInLogs, logCauses } from "./log-causes.ts"

/** Lines as ipamd, EC2 and Berth write them. */
const lines: readonly [id: string, line: string][] = [
  [
    "log/no-eniconfig",
    `{"level":"error","ts":"2026-11-23T03:00:00.000Z","caller":"ipamd/ipamd.go:1054","msg":"error while retrieving eniconfig: eniconfigs.crd.k8s.amazonaws.com \\"us-west-2c\\" not found"}`,
  ],
  ["log/no-eniconfig", "Failed to attach any ENIs for custom networking"],
  [
    "log/placement-mismatch",
    "InvalidParameterCombination: You may not attach a network interface to an instance if they are not in the same availability zone",
  ],
  ["log/placement-mismatch", "InvalidSubnetID.NotFound: The subnet ID 'subnet-0a' does not exist"],
  ["log/credentials", "ExpiredToken: The security token included in the request is expired"],
  [
    "log/iam",
    "operation error EC2: CreateNetworkInterface, UnauthorizedOperation: You are not authorized to perform this operation.",
  ],
  ["log/throttling", "api error RequestLimitExceeded: Request limit exceeded."],
  [
    "log/fragmentation",
    "InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks to satisfy the request.",
  ],
  [
    "log/subnet-full",
    "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses to satisfy the request.",
  ],
  ["log/subnet-full", `{"level":"warn","code":"ipam/subnets-full","why":"no subnet can give"}`],
  ["log/back-off", "Recently we had InsufficientCidr error hence will wait for 120s"],
  ["log/no-slot", "AttachmentLimitExceeded: Interface count 4 exceeds the limit for m5.large"],
  ["log/imds", "EC2MetadataError: failed to make EC2Metadata request"],
  ["log/api-server", "Unable to reach API Server, dial tcp 172.20.0.1:443: i/o timeout"],
  ["log/pod-eni", "failed to get pod ENI from annotation"],
]

for (const [id, line] of lines) {
  test(`${id}: ${line.slice(0, 60)}`, () => {
    const findings = causesInLogs([{ name: "ipamd.log", lines: ["all is well", line] }])
    assert.deepEqual(
      findings.map((f) => f.check),
      [id],
    )
    assert.ok(findings[0]?.evidence.some((e) => e.includes(line.slice(0, 100))))
  })
}

test("every cause has a line", () => {
  assert.deepEqual([...new Set(lines.map(([id]) => id))].sort(), logCauses.map((c) => c.id).sort())
})

test("a healthy log says nothing, and many lines of one trouble are one finding", () => {
  const quiet = ["Successfully increased IP Pool", "Reconciling ENI/IP pool info", ""]
  assert.deepEqual(causesInLogs([{ name: "ipamd.log", lines: quiet }]), [])
  const [, full] = lines.find(([id]) => id === "log/subnet-full") ?? ["", ""]
  const [only, ...rest] = causesInLogs([{ name: "x", node: "n", lines: Array(500).fill(full) }])
  assert.equal(rest.length, 0)
  assert.equal(only?.object, "node/n")
  assert.match(only?.evidence[0] ?? "", /^500 lines of x/)
})
