import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { ownerOf, partnerMac, type Sandbox, vethAlias, vethMacs, vethNames } from "./veth-name.ts"

const sandboxes: fc.Arbitrary<Sandbox> = fc.record({
  namespace: fc.stringMatching(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/),
  pod: fc.stringMatching(/^[a-z][a-z0-9-]{0,250}[a-z0-9]$/),
  containerId: fc.stringMatching(/^[a-f0-9]{1,64}$/),
  interfaceName: fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/),
})

test("the first name is the original's: prefix and 11 digits of SHA-1 of namespace.pod", () => {
  const sandbox = { namespace: "default", pod: "web-0", containerId: "c", interfaceName: "eth0" }
  assert.equal(vethNames("eni", sandbox)[0], "eni0d7763386da")
})

test("names fit the kernel, and sandboxes of one pod differ in the second", () => {
  fc.assert(
    fc.property(sandboxes, fc.constantFrom("eni", "pods", "x"), (sandbox, prefix) => {
      const [usual, own] = vethNames(prefix, sandbox)
      const [usual2, own2] = vethNames(prefix, {
        ...sandbox,
        containerId: `${sandbox.containerId}0`,
      })
      assert.equal(usual, usual2)
      assert.notEqual(own, own2)
      for (const name of [usual, own]) assert.ok(name.startsWith(prefix) && name.length <= 15)
    }),
  )
})

test("MACs are unicast, locally administered, stable, and tell the partner's", () => {
  fc.assert(
    fc.property(sandboxes, (sandbox) => {
      const { host, pod } = vethMacs(sandbox)
      for (const mac of [host, pod]) assert.match(mac, /^02(:[0-9a-f]{2}){5}$/)
      assert.deepEqual(vethMacs({ ...sandbox }), { host, pod })
      assert.equal(partnerMac(pod), host)
      assert.equal(partnerMac(host), undefined)
    }),
  )
  assert.equal(partnerMac(undefined), undefined)
})

test("an alias tells its owner and fits the kernel; other aliases have none", () => {
  fc.assert(
    fc.property(sandboxes, (sandbox) => {
      const { containerId, interfaceName } = sandbox
      const alias = vethAlias(sandbox)
      assert.deepEqual(ownerOf(alias), { containerId, interfaceName })
      // IFALIASZ is 256 with the closing zero.
      assert.ok(alias.length < 256)
    }),
  )
  for (const other of [undefined, "", "berth", "berth c", "uplink to berth eth0"])
    assert.equal(ownerOf(other), undefined)
})
