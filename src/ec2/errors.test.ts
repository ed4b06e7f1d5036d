import assert from "node:assert/strict"
import { test } from "node:test"
import { type AwsError, ec2Error, type Subject } from "./errors.ts"
import { awsErrorOf } from "./sdk/sdk-error.ts"

/** What EC2 says, what the call was about, and the error and detail it becomes. */
const cases: readonly (readonly [AwsError, Subject, string, object])[] = [
  [
    {
      code: "InsufficientFreeAddressesInSubnet",
      message: "There are not enough free addresses in subnet 'subnet-0123456789abcdef0'.",
    },
    {},
    "ec2/subnet-full",
    { subnet: "subnet-0123456789abcdef0" },
  ],
  [
    { code: "InsufficientCidrBlocks", message: "The specified subnet does not have enough." },
    { eni: "eni-1" },
    "ec2/no-free-prefix",
    { eni: "eni-1" },
  ],
  [
    {
      code: "InvalidParameterValue",
      message: "There aren't sufficient free Ipv4 addresses or prefixes",
    },
    { subnet: "subnet-1" },
    "ec2/no-free-prefix",
    { subnet: "subnet-1" },
  ],
  [
    { code: "InvalidNetworkInterfaceID.NotFound", message: "The ID 'eni-0bad' does not exist" },
    { resource: "eni-other" },
    "ec2/not-found",
    { resource: "eni-0bad" },
  ],
  [
    { code: "InvalidParameterValue", message: "Network interface 'eni-1' is currently in use." },
    {},
    "ec2/in-use",
    { resource: "eni-1" },
  ],
  [
    { code: "AttachmentLimitExceeded", message: "Interface count 4 exceeds the limit" },
    {},
    "ec2/limit",
    { what: "AttachmentLimitExceeded: Interface count 4 exceeds the limit" },
  ],
  [{ code: "Throttling", message: "Rate exceeded" }, {}, "ec2/throttled", { action: "Act" }],
  [{ code: "DryRunOperation", message: "" }, {}, "ec2/dry-run", { action: "Act" }],
]

test("each answer of EC2 becomes one error of the catalogue, with what it was about", () => {
  for (const [answer, about, code, detail] of cases) {
    const error = ec2Error("Act", answer, about)
    assert.equal(error.code, code)
    assert.deepEqual(error.detail, detail)
    assert.equal(error.cause, answer)
    assert.notEqual(error.message, "")
  }
})

test("what the SDK throws on the way to EC2 has a code of EC2's", () => {
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" })
  assert.deepEqual(awsErrorOf(refused), { code: "ServiceUnavailable", message: "ECONNREFUSED" })
  const timeout = Object.assign(new Error("took too long"), { name: "TimeoutError" })
  assert.equal(awsErrorOf(timeout).code, "RequestTimeout")
  const noKeys = Object.assign(new Error("none found"), { name: "CredentialsProviderError" })
  assert.equal(ec2Error("Act", awsErrorOf(noKeys)).code, "ec2/credentials")
  assert.deepEqual(awsErrorOf("text"), { code: "Unknown", message: "text" })
})
