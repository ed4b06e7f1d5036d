import assert from "node:assert/strict"
import { test } from "node:test"
import { parseBranch } from "./branch-annotation.ts"

const fields = {
  eniId: "eni-1",
  ifAddress: "02:23:A2:af:a2:1f",
  privateIp: "10.42.10.154",
  vlanId: 2,
  subnetCidr: "10.42.10.0/24",
}
const branch = {
  id: "eni-1",
  mac: "02:23:a2:af:a2:1f",
  address: "10.42.10.154",
  vlan: 2,
  subnetCIDR: "10.42.10.0/24",
}
const text = (change: object) => JSON.stringify([{ ...fields, ...change }])

test("the annotation of a branch interface is read as the original reads it", () => {
  assert.deepEqual(parseBranch(text({ associationID: "x", ipv6Addr: "" })), branch)
  assert.deepEqual(parseBranch(text({ vlanId: undefined, vlanID: 2 })), branch)
  assert.deepEqual(parseBranch(text({ eniId: undefined })), { ...branch, id: "" })
})

test("what cannot be wired is refused in words", () => {
  const cases: [string, RegExp][] = [
    ["eni-1", /not JSON/],
    ["{}", /no array/],
    ["[]", /no array/],
    ["[null]", /no array/],
    [text({ ifAddress: "" }), /ifAddress "" is not a MAC/],
    [text({ privateIp: "10.0.0" }), /privateIp "10\.0\.0" is not/],
    [text({ vlanId: 0 }), /vlanId 0 is none of 1 to 120/],
    [text({ vlanId: 154 }), /vlanId 154/],
    [text({ vlanId: "2" }), /vlanId "2"/],
    [text({ subnetCidr: "10.0.0.0" }), /subnetCidr/],
  ]
  for (const [given, says] of cases) assert.match(String(parseBranch(given)), says)
})
