import assert from "node:assert/strict"
import { test } from "node:test"
import { createCloud } from "../../../ec2/memory/cloud.ts"
import { virtualClock } from "../../../testing/virtual-clock.ts"
import { type PolicyDocument, refusal } from "./policy-document.ts"
import { Roles } from "./roles.ts"

const document = (Effect: "Allow" | "Deny", Action: string | string[]): PolicyDocument => ({
  Statement: { Effect, Action },
})

test("what nothing allows is denied, and an explicit deny wins", () => {
  const create = "ec2:CreateTags"
  assert.match(refusal([], create) ?? "", /no identity-based policy allows the ec2:CreateTags/)
  assert.equal(refusal([document("Allow", create)], create), undefined)
  assert.equal(refusal([document("Allow", ["ec2:describe*", "EC2:Create*"])], create), undefined)
  assert.match(refusal([document("Allow", "ec2:Describe*")], create) ?? "", /no identity-based/)
  const both = [document("Allow", "*"), document("Deny", "ec2:*Tags")]
  assert.match(refusal(both, create) ?? "", /explicit deny/)
})

test("EC2 asks for the policies of the role that signs, and names it; other keys may do everything", async () => {
  const clock = virtualClock()
  const cloud = createCloud({ clock, random: Math.random, region: "us-west-2" })
  const roles = new Roles(cloud.account)
  roles.add("berth-controller", "key")
  cloud.conduct.setJudge((key, action) => roles.refusal(key, action))
  const call = (accessKeyId: string) =>
    cloud.perform({ action: "DescribeVpcs", accessKeyId }, () => "done")
  await assert.rejects(call("key"), {
    code: "UnauthorizedOperation",
    message: /User: \S+:assumed-role\/berth-controller\/\S+ is not .* perform: ec2:DescribeVpcs/,
  })
  assert.equal(await call("lab"), "done")
  const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "ec2:*" }] }
  roles.put("berth-controller", "all", JSON.stringify(policy))
  assert.equal(await call("key"), "done")
  roles.remove("berth-controller", "all")
  await assert.rejects(call("key"))
  assert.throws(() => roles.put("berth-controller", "all", "{}"), /Syntax errors/)
  assert.throws(() => roles.put("nobody", "all", JSON.stringify(policy)), /cannot be found/)
})
