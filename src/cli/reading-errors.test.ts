// Goal: what goes wrong at 3 a.m. costs one clear line, what to do about it, and the documented exit code.
import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { smallFleet } from "../fleet/testing/small-fleet.ts"
import { run } from "./testing/run.ts"

let folder: string
let refusing: http.Server

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-cli-"))
  refusing = http.createServer((_, response) => {
    response.writeHead(401, { "content-type": "application/json" })
    response.end(
      JSON.stringify({ kind: "Status", code: 401, reason: "Unauthorized", message: "x" }),
    )
  })
  await new Promise<void>((done) => refusing.listen(0, "127.0.0.1", done))
})

after(async () => {
  refusing.close()
  await rm(folder, { recursive: true, force: true })
})

/** A kubeconfig with one context, "real". */
async function kubeconfig(server: string): Promise<string> {
  const file = join(folder, `kubeconfig-${Math.abs(hash(server))}`)
  const config = {
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: { token: "expired" } }],
    contexts: [{ name: "real", context: { cluster: "c", user: "u" } }],
    "current-context": "real",
  }
  await writeFile(file, JSON.stringify(config))
  return file
}

const hash = (text: string) => [...text].reduce((h, c) => (h * 31 + c.charCodeAt(0)) | 0, 7)

async function snapshotFile(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

const healthy = JSON.stringify(smallFleet())

interface Case {
  readonly what: string
  readonly argv: () => Promise<string[]> | string[]
  readonly exit: number
  readonly says: RegExp
}

const cases: readonly Case[] = [
  {
    what: "a context that does not exist",
    argv: async () => [
      "status",
      "--context",
      "nope",
      "--kubeconfig",
      await kubeconfig("http://127.0.0.1:1"),
    ],
    exit: 78,
    says: /no context named "nope" \(there are: real\)/,
  },
  {
    what: "a kubeconfig that does not exist",
    argv: () => ["status", "--kubeconfig", join(folder, "none")],
    exit: 78,
    says: /none cannot be used: .*no such file/,
  },
  {
    what: "no cluster at the address",
    argv: async () => ["status", "--kubeconfig", await kubeconfig("http://127.0.0.1:1")],
    exit: 69,
    says: /cannot be read: .*ECONNREFUSED/,
  },
  {
    what: "expired credentials",
    argv: async () => [
      "status",
      "--kubeconfig",
      await kubeconfig(`http://127.0.0.1:${(refusing.address() as AddressInfo).port}`),
    ],
    exit: 77,
    says: /does not accept the credentials \(expired\?\)/,
  },
  {
    what: "a snapshot that ends in the middle",
    argv: async () => ["status", "--snapshot", await snapshotFile("half", healthy.slice(0, 900))],
    exit: 65,
    says: /half is not a usable snapshot: it ends in the middle/,
  },
  {
    what: "a snapshot without a part that everything reads",
    argv: async () => {
      const { pods: _, ...cluster } = smallFleet().cluster
      const text = JSON.stringify({ ...smallFleet(), cluster: { ...cluster, pods: [], nodes: 3 } })
      return ["doctor", "--snapshot", await snapshotFile("thin", text)]
    },
    exit: 65,
    says: /thin is not a usable snapshot: cluster\.nodes is no list/,
  },
  {
    what: "a snapshot without AWS's subnets",
    argv: async () => {
      const { subnets: _, ...aws } = smallFleet().aws ?? { subnets: [] }
      const text = JSON.stringify({ ...smallFleet(), aws })
      return ["status", "--snapshot", await snapshotFile("thin-aws", text)]
    },
    exit: 65,
    says: /aws\.subnets is no list/,
  },
  {
    what: "an empty file",
    argv: async () => ["status", "--snapshot", await snapshotFile("empty", "")],
    exit: 65,
    says: /it is empty/,
  },
  {
    what: "a file that is no snapshot",
    argv: async () => ["explain", "node", "a", "--snapshot", await snapshotFile("other", "[1]")],
    exit: 65,
    says: /not a usable snapshot/,
  },
  {
    what: "a snapshot of another format",
    argv: async () => [
      "status",
      "--snapshot",
      await snapshotFile("newer", JSON.stringify({ format: "berth-snapshot/9" })),
    ],
    exit: 65,
    says: /its format is berth-snapshot\/9/,
  },
  {
    what: "a file that does not exist",
    argv: () => ["status", "--snapshot", join(folder, "absent")],
    exit: 66,
    says: /absent cannot be read: no such file/,
  },
  {
    what: "a folder where a file is expected",
    argv: () => ["status", "--snapshot", folder],
    exit: 66,
    says: /it is a folder/,
  },
  {
    what: "a pod of another namespace",
    argv: async () => ["explain", "pod", "web-1", "--snapshot", await snapshotFile("ok", healthy)],
    exit: 1,
    says: /there is no pod "default\/web-1"\n.*Did you mean shop\/web-1\?/,
  },
  {
    what: "a subnet where AWS was not read",
    argv: async () => {
      const { aws: _, ...blind } = smallFleet()
      const file = await snapshotFile("blind", JSON.stringify(blind))
      return ["explain", "subnet", "subnet-pods-a", "--snapshot", file]
    },
    exit: 69,
    says: /subnets were not read: ec2:DescribeSubnets: AWS was not read/,
  },
  {
    what: "a kind that is not explained",
    argv: () => ["explain", "deploy/web"],
    exit: 64,
    says: /KIND: "deploy" is not pod, node, eniconfig or subnet/,
  },
  {
    what: "a destination that is no address",
    argv: () => ["explain", "pod", "web", "--to", "example.com"],
    exit: 64,
    says: /--to: "example.com" is not an IPv4 address/,
  },
  { what: "a misspelt command", argv: () => ["statu"], exit: 64, says: /Did you mean status\?/ },
  { what: "a misspelt option", argv: () => ["status", "--wacth"], exit: 64, says: /--watch/ },
]

for (const { what, argv, exit, says } of cases) {
  test(`${what}: exit ${exit}`, async () => {
    const ran = await run(await argv())
    assert.match(ran.err, says)
    assert.equal(ran.exit, exit)
    assert.equal(ran.out, "")
    assert.doesNotMatch(ran.err, /\n +at /, "no stack")
  })
}

test("-l takes the nodes with these labels, and refuses what is no selector", async () => {
  const file = await snapshotFile("labels", healthy)
  const zone = "topology.kubernetes.io/zone"
  const status = (selector: string) => run(["status", "-l", selector, "--snapshot", file])
  const { out } = await status(`${zone} in (us-west-2a),!spot`)
  assert.match(out, /node-a/)
  assert.doesNotMatch(out, /node-b/)
  const { exit, err } = await status("zone a")
  assert.match(err, /--selector: "zone a" is not a label selector/)
  assert.equal(exit, 64)
})

test("objects are named as kubectl names them", async () => {
  const file = await snapshotFile("named", healthy)
  const answers = ["pod/shop/web-1", "pods shop/web-1", "po web-1 -n shop"].map((words) =>
    run(["explain", ...words.split(" "), "--snapshot", file]),
  )
  for (const { exit, out } of await Promise.all(answers)) {
    assert.equal(exit, 0)
    assert.match(out, /^pod shop\/web-1: it has 100\.64\.0\.10/)
  }
})

test("a snapshot cannot be written into a folder that does not exist, and nothing is left behind", async () => {
  const { writeSnapshot } = await import("./snapshot/snapshot-file.ts")
  await assert.rejects(writeSnapshot(join(folder, "no", "such"), smallFleet()), {
    code: "cli/unwritable-file",
    exit: 73,
  })
})
