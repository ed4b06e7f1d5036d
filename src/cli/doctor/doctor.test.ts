import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { gzipSync } from "node:zlib"
import { XMLParser, XMLValidator } from "fast-xml-parser"
import type { Snapshot } from "../../fleet/snapshot.ts"
import { node, smallFleet } from "../../fleet/testing/small-fleet.ts"
import { writeTar } from "../tar/write-tar.ts"
import { run } from "../testing/run.ts"

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-doctor-"))
})
after(() => rm(folder, { recursive: true, force: true }))

async function file(name: string, content: string | Buffer | Snapshot): Promise<string> {
  const path = join(folder, name)
  const text = typeof content === "string" || Buffer.isBuffer(content)
  await writeFile(path, text ? content : JSON.stringify(content))
  return path
}

const healthy = smallFleet({
  aws: {
    eks: { version: "1.35", ipFamily: "ipv4", subnetIds: [] },
    peerings: [],
    networkAcls: [],
  },
})
const overPacked = smallFleet({
  cluster: { nodes: [node("a"), node("b", { allocatablePods: 29 })] },
})

test("a healthy cluster gives nothing, and exit 0", async () => {
  const { out, exit } = await run(["doctor", "--snapshot", await file("ok.json", healthy)])
  assert.match(out, /^harbour: nothing found; \d+ checks passed\n$/)
  assert.equal(exit, 0)
})

test("a finding comes with its object, evidence and a command, and fails the run", async () => {
  const path = await file("over.json", overPacked)
  const { out, exit } = await run(["doctor", "--snapshot", path, "--only", "M01"])
  assert.match(out, /M01 blocking {2}node\/node-b: 1 node of type m5\.large advertises 29 pods/)
  assert.match(out, /\$ berth user-data /)
  assert.equal(exit, 1)
  assert.equal((await run(["doctor", "--snapshot", path, "--fail-on", "never"])).exit, 0)
})

test("on a terminal of 80 columns only commands are longer", async () => {
  const path = await file("wide.json", overPacked)
  const { out } = await run(["doctor", "--snapshot", path], { columns: 80, env: { NO_COLOR: "1" } })
  const long = out.split("\n").filter((line) => line.length > 80 && !line.includes("$ "))
  assert.deepEqual(long, [])
})

test("an unknown check is refused with the nearest", async () => {
  const { err, exit } = await run(["doctor", "--only", "S055"])
  assert.match(err, /no check "S055"[\s\S]*S05/)
  assert.equal(exit, 1)
})

test("SARIF names a rule for every result, and the same trouble has the same fingerprint", async () => {
  const path = await file("sarif.json", overPacked)
  const read = async () =>
    JSON.parse((await run(["doctor", "--snapshot", path, "-o", "sarif"])).out)
  const [one, two] = [await read(), await read()]
  const [{ tool, results }] = one.runs
  assert.equal(one.version, "2.1.0")
  assert.ok(results.length > 0)
  for (const result of results) {
    assert.equal(tool.driver.rules[result.ruleIndex].id, result.ruleId)
    assert.match(result.level, /^(error|warning|note)$/)
    assert.ok(result.locations[0].physicalLocation.artifactLocation.uri)
  }
  assert.deepEqual(one, two)
})

test("JUnit is well-formed, and counts what it holds", async () => {
  const says = 'a <b> & "c"\u0007'
  const path = await file("junit.json", {
    ...overPacked,
    unread: [{ what: "ec2:DescribeNetworkAcls", why: says }],
  })
  const { out } = await run(["doctor", "--snapshot", path, "-o", "junit"])
  assert.equal(XMLValidator.validate(out), true)
  const parsed = new XMLParser({ ignoreAttributes: false }).parse(out)
  const suite = parsed.testsuites.testsuite
  assert.equal(Number(suite["@_tests"]), suite.testcase.length)
  const failed = suite.testcase.filter((c: { failure?: object }) => c.failure !== undefined)
  assert.equal(Number(suite["@_failures"]), failed.length)
  assert.match(out, /a &lt;b&gt; &amp; &quot;c&quot;"/)
})

const full =
  "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses"

test("a log alone is read without any cluster", async () => {
  const path = await file("ipamd.log", `all well\n${full}\n`)
  const { out, exit } = await run(["doctor", "--logs", path], { env: { KUBECONFIG: "/nowhere" } })
  assert.match(out, /log\/subnet-full blocking {2}log\/ipamd\.log: the subnet is full/)
  assert.equal(exit, 1)
})

test("in an archive of EKS's log collector every log is read, compressed ones too, and names its node", async () => {
  const tar = writeTar(
    [
      { path: "var_log/aws-routed-eni/ipamd.log", data: Buffer.from("all well\n") },
      { path: "var_log/aws-routed-eni/ipamd-old.log.gz", data: gzipSync(`${full}\n`) },
      { path: "networking/iptables.txt", data: Buffer.from(full) },
    ],
    0,
  )
  const path = await file("eks_i-0123456789abcdef0_2026-11-23.tar.gz", gzipSync(tar))
  const alone = await run(["doctor", "--logs", path])
  assert.match(alone.out, /^\S+: 1 blocking;/)
  assert.match(alone.out, /log\/subnet-full blocking {2}node\/i-0123456789abcdef0/)
  const fleet = smallFleet({
    cluster: { nodes: [node("a", { providerID: "aws:///us-west-2a/i-0123456789abcdef0" })] },
  })
  const both = await run(["doctor", "--logs", path, "--snapshot", await file("c.json", fleet)])
  assert.match(both.out, /log\/subnet-full blocking {2}node\/node-a/)
})

test("what is no log is refused", async () => {
  const binary = await file("core", Buffer.from([1, 0, 2, 0]))
  assert.equal((await run(["doctor", "--logs", binary])).exit, 65)
  const cut = await file("cut.tgz", gzipSync(Buffer.alloc(4000, 1)).subarray(0, 30))
  assert.equal((await run(["doctor", "--logs", cut])).exit, 65)
  assert.equal((await run(["doctor", "--logs", join(folder, "none")])).exit, 66)
})
