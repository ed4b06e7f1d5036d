import assert from "node:assert/strict"
import { test } from "node:test"
import { nodeRuleset } from "./node-ruleset.ts"
import { policy } from "./testing/vpc-topology.ts"

const replace = "table ip berth\ndelete table ip berth\n"

test("the defaults: node ports marked, what leaves the VPC marked and translated", () => {
  assert.equal(
    nodeRuleset({ ...policy, excludedCIDRs: ["192.168.0.0/16", "10.0.7.0/24"] }),
    `${replace}table ip berth {
  set inside {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/16, 100.64.0.0/16, 192.168.0.0/16 }
  }
  chain node-port {
    type filter hook prerouting priority -150; policy accept;
    iifname "eth0" ct direction original fib daddr . iif type local counter ct mark set ct mark or 0x80
  }
  chain from-pod {
    type filter hook prerouting priority -90; policy accept;
    iifname "eni*" ct state new ct direction original fib daddr type != local ip daddr != @inside counter ct mark set ct mark or 0x80
    iifname "eni*" goto restore-mark
    iifname "vlan*" goto restore-mark
  }
  chain restore-mark {
    ct mark and 0x80 == 0x80 meta mark set meta mark or 0x80 return
    meta mark set meta mark and 0xffffff7f
  }
  chain source-nat {
    type nat hook postrouting priority 110; policy accept;
    ip daddr @inside return
    iifname "vlan*" return
    oifname "vlan*" return
    fib daddr type local return
    counter snat to 10.0.0.10 fully-random
  }
}
`,
  )
})

test("with external SNAT nothing is translated, and nothing marked but node ports", () => {
  const text = nodeRuleset({ ...policy, externalSNAT: true })
  assert.doesNotMatch(text, /snat|inside|ct state/)
  assert.match(text, /chain node-port/)
  assert.match(text, /goto restore-mark/)
})

test("without node ports nothing that comes in is marked", () => {
  const text = nodeRuleset({ ...policy, nodePort: false })
  assert.doesNotMatch(text, /node-port/)
  assert.match(text, /snat to/)
})

test("with neither there is no table", () => {
  assert.equal(nodeRuleset({ ...policy, nodePort: false, externalSNAT: true }), replace)
})

test("mark, prefix and port choice are the operator's", () => {
  const text = nodeRuleset({
    ...policy,
    connmark: 0x8000_0000,
    vethPrefix: "pod",
    randomize: "none",
  })
  assert.match(text, /iifname "pod\*"/)
  assert.match(text, /meta mark and 0x7fffffff\n/)
  assert.match(text, /snat to 10\.0\.0\.10\n/)
  assert.match(nodeRuleset({ ...policy, randomize: "hashrandom" }), /snat to 10\.0\.0\.10 random\n/)
})
