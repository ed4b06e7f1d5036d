import assert from "node:assert/strict"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { type Attachment, addNetwork, checkNetwork, delNetwork } from "./chain.ts"
import { loadNetworkConfig, type NetworkConfig } from "./network-config.ts"

/** Plugins that write down what they are given and answer `reply`. */
function host(replies: Record<string, { out: string; code?: number }>) {
  const binFolder = mkdtempSync(join(tmpdir(), "berth-chain-"))
  const log = join(binFolder, "log")
  writeFileSync(log, "")
  for (const [name, { out, code = 0 }] of Object.entries(replies)) {
    writeFileSync(join(binFolder, `${name}.reply`), out)
    const script = `#!/bin/sh
printf '%s %s %s %s %s ' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_NETNS" "$CNI_IFNAME" "$CNI_ARGS" >> ${log}
cat >> ${log}
echo >> ${log}
cat ${binFolder}/${name}.reply
exit ${code}
`
    writeFileSync(join(binFolder, name), script)
    chmodSync(join(binFolder, name), 0o755)
  }
  return {
    namespace: undefined,
    binFolder,
    calls: () =>
      readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => {
          const [command, id, netns, ifname, args, ...stdin] = line.split(" ")
          return { command, id, netns, ifname, args, config: JSON.parse(stdin.join(" ")) }
        }),
    [Symbol.dispose]: () => rmSync(binFolder, { recursive: true, force: true }),
  }
}

const attachment: Attachment = {
  containerId: "c1",
  netns: "/run/netns/x",
  ifname: "eth0",
  args: { IgnoreUnknown: "1", K8S_POD_NAME: "web" },
  runtimeConfig: { portMappings: [{ hostPort: 80 }], other: true },
}
const config: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "net",
  plugins: [
    { type: "first", mtu: "9001" },
    { type: "second", capabilities: { portMappings: true } },
  ],
}
const ok = { out: '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.9/32"}]}' }

test("ADD goes down the list with results handed on, DEL comes back up", async () => {
  using at = host({ first: ok, second: ok })
  const result = await addNetwork(at, config, attachment)
  await checkNetwork(at, config, attachment, result)
  await delNetwork(at, config, attachment, result)
  const calls = at.calls()
  assert.deepEqual(
    calls.map((c) => [c.command, c.config.type]),
    [
      ["ADD", "first"],
      ["ADD", "second"],
      ["CHECK", "first"],
      ["CHECK", "second"],
      ["DEL", "second"],
      ["DEL", "first"],
    ],
  )
  const [first, second, , , del] = calls
  assert.equal(first?.args, "IgnoreUnknown=1;K8S_POD_NAME=web")
  assert.deepEqual([first?.id, first?.netns, first?.ifname], ["c1", "/run/netns/x", "eth0"])
  assert.deepEqual(first?.config, { type: "first", mtu: "9001", name: "net", cniVersion: "1.0.0" })
  assert.deepEqual(second?.config.prevResult, JSON.parse(ok.out))
  // Only a plugin that declares a capability is given its data, and is not told of capabilities.
  assert.deepEqual(second?.config.runtimeConfig, { portMappings: [{ hostPort: 80 }] })
  assert.equal(second?.config.capabilities, undefined)
  assert.deepEqual(del?.config.prevResult, JSON.parse(ok.out))
})

test("failures are worded as libcni words them", async () => {
  const error = '{"cniVersion":"1.0.0","code":11,"msg":"no address","details":"subnet full"}'
  using at = host({ first: { out: error, code: 1 }, second: { out: "", code: 1 } })
  await assert.rejects(addNetwork(at, config, attachment), {
    message: 'plugin type="first" failed (add): no address; subnet full',
  })
  await assert.rejects(delNetwork(at, config, attachment, undefined), {
    message: 'plugin type="second" failed (delete): netplugin failed with no error message',
  })
  const absent = { ...config, plugins: [{ type: "absent", name: "n" }] }
  await assert.rejects(addNetwork(at, absent, attachment), {
    message: `plugin type="absent" name="n" failed (add): failed to find plugin "absent" in path [${at.binFolder}]`,
  })
})

test("CHECK is not asked where the list or its version says so", async () => {
  using at = host({ first: ok, second: ok })
  const result = { cniVersion: "1.0.0" }
  await checkNetwork(at, { ...config, disableCheck: true }, attachment, result)
  await checkNetwork(at, { ...config, cniVersion: "0.3.1" }, attachment, result)
  assert.equal(readFileSync(join(at.binFolder, "log"), "utf8"), "")
})

test("the first usable configuration by name is taken", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-conf-"))
  assert.equal(loadNetworkConfig(join(folder, "absent")), undefined)
  assert.equal(loadNetworkConfig(folder), undefined)
  writeFileSync(join(folder, "05-broken.conflist"), "{")
  writeFileSync(join(folder, "01-readme.txt"), "{}")
  writeFileSync(join(folder, "20-single.conf"), '{"name":"single","type":"x"}')
  assert.equal(loadNetworkConfig(folder)?.plugins[0]?.type, "x")
  writeFileSync(join(folder, "10-list.conflist"), JSON.stringify(config))
  assert.equal(loadNetworkConfig(folder)?.name, "net")
  rmSync(folder, { recursive: true })
})
