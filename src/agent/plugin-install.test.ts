import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { conflist, installConflist, installPlugin } from "./plugin-install.ts"

async function inFolder(work: (folder: string) => void | Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "berth-install-"))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test("W35: the plugin is installed over an older one, runs, and names the socket", () =>
  inFolder(async (folder) => {
    for (const socket of ["/first.sock", "/second.sock"]) {
      await installPlugin(folder, socket)
      assert.deepEqual(readdirSync(folder).sort(), ["berth-cni", "berth-cni.sock"])
      assert.equal(readlinkSync(join(folder, "berth-cni.sock")), socket)
    }
    const env = { CNI_COMMAND: "VERSION" }
    const output = execFileSync(join(folder, "berth-cni"), { env, input: "" })
    assert.equal(JSON.parse(output.toString()).cniVersion, "1.1.0")
  }))

test("what the image ships besides is installed too, over what the host has", () =>
  inFolder(async (folder) => {
    const [host, others] = [join(folder, "bin"), join(folder, "shipped")]
    for (const made of [host, others]) mkdirSync(made)
    writeFileSync(join(host, "portmap"), "old")
    for (const name of ["loopback", "portmap"]) writeFileSync(join(others, name), "new")
    await installPlugin(host, "/agent.sock", { others })
    assert.deepEqual(
      readdirSync(host).filter((name) => !name.startsWith("berth-cni")),
      ["loopback", "portmap"],
    )
    assert.equal(readFileSync(join(host, "portmap"), "utf8"), "new")
    assert.equal(statSync(join(host, "loopback")).mode & 0o777, 0o755)
  }))

test("other plugins are chained when they are wanted and there", () =>
  inFolder((folder) => {
    const types = (bandwidth: boolean, disableIPv6: boolean) =>
      conflist({ binFolder: folder, bandwidth, disableIPv6 }).plugins.map((p) => p.type)
    assert.deepEqual(types(true, true), ["berth-cni"])
    for (const name of ["portmap", "bandwidth", "tuning"]) writeFileSync(join(folder, name), "")
    assert.deepEqual(types(false, false), ["berth-cni", "portmap"])
    assert.deepEqual(types(true, true), ["berth-cni", "portmap", "bandwidth", "tuning"])
  }))

test("the configuration replaces the original's, and its half-written form is none", () =>
  inFolder((folder) => {
    const net = join(folder, "net.d")
    mkdirSync(net)
    writeFileSync(join(net, "10-aws.conflist"), '{"name":"aws-cni","plugins":[{"type":"aws-cni"}]}')
    installConflist(net, { binFolder: folder, bandwidth: false, disableIPv6: false })
    assert.deepEqual(readdirSync(net), ["10-aws.conflist"])
    const written = JSON.parse(readFileSync(join(net, "10-aws.conflist"), "utf8"))
    assert.deepEqual([written.name, written.plugins[0].type], ["aws-cni", "berth-cni"])
  }))
