import assert from "node:assert/strict"
import { test } from "node:test"
import { gzipSync } from "node:zlib"
import { userData } from "../../../fleet/user-data/user-data.ts"
import { readUserData } from "./user-data.ts"

/** m5.large: 3 ENIs of 10 addresses. */
const limits = { default_enis: 3, ips_per_eni: 10 }
const read = (text: string) => readUserData(Buffer.from(text).toString("base64"), limits)

test("without a word the type's standard applies", () => {
  assert.deepEqual(readUserData(undefined, limits), { maxPods: 29, labels: {}, taints: [] })
  assert.equal(read("#!/bin/bash\necho hello\n").maxPods, 29)
})

test("bootstrap.sh: flags of kubelet win, --use-max-pods false alone means kubelet's own default", () => {
  const line = (args: string) =>
    read(`#!/bin/bash\nset -e\n/etc/eks/bootstrap.sh harbour ${args}\n`)
  assert.equal(line("").maxPods, 29)
  assert.equal(line("--use-max-pods false").maxPods, 110)
  const full = line(
    "--use-max-pods false \\\n --kubelet-extra-args '--max-pods=20 --node-labels=a=b,c.d/e=f --register-with-taints=k=v:NoSchedule,x:NoExecute'",
  )
  assert.deepEqual(full, {
    maxPods: 20,
    labels: { a: "b", "c.d/e": "f" },
    taints: [
      { key: "k", value: "v", effect: "NoSchedule" },
      { key: "x", effect: "NoExecute" },
    ],
  })
})

test("a call that is commented out is none", () => {
  assert.equal(read("#!/bin/bash\n# /etc/eks/bootstrap.sh x --use-max-pods false\n").maxPods, 29)
})

const nodeConfig = (kubelet: string) =>
  `---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n${kubelet}`

test("NodeConfig: flags over config over expression over the standard", () => {
  const config = "    config:\n      maxPods: 20\n"
  const expression = "    maxPodsExpression: ((default_enis - 1) * (ips_per_eni - 1)) + 2\n"
  const flags = '    flags:\n      - "--max-pods=7"\n      - "--node-labels=a=b"\n'
  assert.equal(read(nodeConfig(expression)).maxPods, 20)
  assert.equal(read(nodeConfig(expression + config)).maxPods, 20)
  const all = read(nodeConfig(expression + config + flags))
  assert.deepEqual([all.maxPods, all.labels], [7, { a: "b" }])
  // Later documents win, flags are appended.
  const two = `${nodeConfig(config)}${nodeConfig("    config:\n      maxPods: 30\n")}`
  assert.equal(read(two).maxPods, 30)
})

test("MIME parts, gzip and a second base64 are seen through", () => {
  const mime = [
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="BOUNDARY"',
    "",
    "--BOUNDARY",
    "Content-Type: application/node.eks.aws",
    "",
    nodeConfig("    config:\n      maxPods: 20\n"),
    "--BOUNDARY--",
    "",
  ].join("\r\n")
  assert.equal(read(mime).maxPods, 20)
  assert.equal(readUserData(gzipSync(mime).toString("base64"), limits).maxPods, 20)
  assert.equal(read(Buffer.from(mime).toString("base64")).maxPods, 20)
})

test("what `berth user-data` writes is what a node understands", () => {
  const request = {
    cluster: "harbour",
    maxPods: 20,
    labels: { "vpc.amazonaws.com/externalEniConfig": "batch" },
    taints: ["dedicated=batch:NoSchedule"],
  }
  const expected = {
    maxPods: 20,
    labels: request.labels,
    taints: [{ key: "dedicated", value: "batch", effect: "NoSchedule" }],
  }
  for (const family of ["al2", "al2023", "bottlerocket"] as const)
    for (const kind of ["self-managed", "managed"] as const)
      assert.deepEqual(read(userData(family, request, kind).text), expected, `${family} ${kind}`)
})
