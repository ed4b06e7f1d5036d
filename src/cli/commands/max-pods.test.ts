import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { node, smallFleet } from "../../fleet/testing/small-fleet.ts"
import { run } from "../testing/run.ts"

/** What max-pods-calculator.sh prints: its own test cases, and the worked examples of the EKS user guide. */
const asTheScript: readonly [string, string][] = [
  ["--instance-type m5.8xlarge --cni-version 1.11.2", "234"],
  ["--instance-type m5.8xlarge --cni-version 1.11.2 --cni-prefix-delegation-enabled", "250"],
  ["--instance-type m4.xlarge --cni-version 1.7.5", "58"],
  ["--instance-type c6in.32xlarge --cni-version 1.11.2 --show-max-allowed", "394"],
  ["--instance-type m5.large --cni-version 1.9.0-eksbuild.1", "29"],
  ["--instance-type m5.large --cni-version 1.9.0 --cni-custom-networking-enabled", "20"],
  [
    "--instance-type m5.large --cni-version 1.9.0 --cni-prefix-delegation-enabled --cni-custom-networking-enabled",
    "110",
  ],
  [
    "--instance-type m5.large --cni-version 1.9.0 --cni-custom-networking-enabled --cni-max-eni 2",
    "11",
  ],
  ["--instance-type m5.large --cni-version 1.8.0 --cni-prefix-delegation-enabled", "29"],
]

for (const [line, number] of asTheScript) {
  test(`${line} prints ${number}`, async () => {
    const { out, exit } = await run(["max-pods", ...line.split(" ")])
    assert.deepEqual([out, exit], [`${number}\n`, 0])
  })
}

test("a type that does not exist is refused with the one that was meant", async () => {
  const { err, exit } = await run(["max-pods", "--instance-type", "m5.larg"])
  assert.equal(exit, 65)
  assert.match(err, /m5\.larg" is not in Berth's table.*\n.*Did you mean m5\.large/)
})

test("a misspelt flag is refused, where the script prints a wrong number", async () => {
  const line = "--instance-type m5.large --cni-custom-networking-enable"
  const { exit } = await run(["max-pods", ...line.split(" ")])
  assert.equal(exit, 64)
})

test("a number that is none is refused", async () => {
  const { exit } = await run(["max-pods", "--instance-type", "m5.large", "--cni-max-eni", "abc"])
  assert.equal(exit, 64)
})

test("types, families and patterns come as a table of the four modes", async () => {
  const { out } = await run(["max-pods", "m5.large", "t3", "c6g*.medium"])
  assert.match(
    out,
    /^TYPE +ENIS +PLAIN +CUSTOM +PREFIXES +CUSTOM\+PREFIXES\nm5\.large +3x10 +29 +20 +110 +110\n/,
  )
  assert.match(out, /t3\.medium +3x6 +17 +12 +110 +110/)
  assert.match(out, /c6gd\.medium/)
})

test("the cluster's nodes are compared with what they advertise; too many is exit 1", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-max-pods-"))
  try {
    const file = join(folder, "snapshot.json")
    const nodes = [node("a"), node("b", { allocatablePods: 29 })]
    await writeFile(file, JSON.stringify(smallFleet({ cluster: { nodes } })))
    const now = await run(["max-pods", "--snapshot", file])
    assert.match(
      now.out,
      /m5\.large +1 +29 +20 +18 +too many +node-b\n.*m5\.large +1 +20 +20 +18 +right/,
    )
    assert.equal(now.exit, 1)
    const then = await run(["max-pods", "--cni-prefix-delegation-enabled", "--snapshot", file])
    assert.match(then.out, /prefix delegation on\n[\s\S]*m5\.large +1 +20 +110 +288 +room/)
    assert.equal(then.exit, 0)
    const capped = await run(["max-pods", "--cni-max-eni", "2", "--snapshot", file])
    assert.match(capped.out, /m5\.large +1 +20 +11 +9 +too many/)
    const wrong = await run(["max-pods", "--unmanaged-enis", "1", "--snapshot", file])
    assert.equal(wrong.exit, 64)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("the instance's own type is asked of IMDSv2", async () => {
  const imds = http.createServer((request, response) => {
    const asked = request.method === "PUT" ? "token" : request.headers["x-aws-ec2-metadata-token"]
    response.end(request.method === "PUT" ? "token" : asked === "token" ? "m5.large" : "")
  })
  await new Promise<void>((done) => imds.listen(0, "127.0.0.1", done))
  try {
    const { port } = imds.address() as AddressInfo
    const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}` }
    const { out } = await run(["max-pods", "--instance-type-from-imds"], { env })
    assert.equal(out, "29\n")
  } finally {
    imds.closeAllConnections()
    imds.close()
  }
})
