import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { parseAllDocuments } from "yaml"
import type { UserDataRequest } from "./request.ts"
import { badRequest, userData, userDataFamilies } from "./user-data.ts"

const request: UserDataRequest = {
  cluster: "my-cluster",
  maxPods: 20,
  labels: { "vpc.amazonaws.com/externalEniConfig": "us-west-2a" },
  taints: ["team=data:NoSchedule"],
}

test("AL2 is the line of the documented procedure", () => {
  const plain = { ...request, labels: {}, taints: [] }
  assert.equal(
    userData("al2", plain, "self-managed").text,
    "#!/bin/bash\n/etc/eks/bootstrap.sh my-cluster --use-max-pods false --kubelet-extra-args '--max-pods=20'\n",
  )
})

test("AL2023 puts max-pods where nodeadm reads it: spec.kubelet.config.maxPods", () => {
  const [document] = parseAllDocuments(userData("al2023", request, "self-managed").text)
  const config = document?.toJS()
  assert.equal(config.kind, "NodeConfig")
  assert.equal(config.spec.kubelet.config.maxPods, 20)
  assert.equal(config.spec.cluster.name, "my-cluster")
  assert.deepEqual(config.spec.kubelet.flags, [
    "--node-labels=vpc.amazonaws.com/externalEniConfig=us-west-2a",
    "--register-with-taints=team=data:NoSchedule",
  ])
})

test("a managed group gets a MIME part with the mandatory empty line, and no cluster section", () => {
  const { text, notes } = userData("al2023", request, "managed")
  assert.match(text, /Content-Type: application\/node\.eks\.aws\n\n---\napiVersion/)
  assert.doesNotMatch(text, /cluster:/)
  assert.match(notes.join(" "), /overrides this one/)
})

test("Bottlerocket's max-pods is an integer, taints are grouped by key", () => {
  const { text } = userData("bottlerocket", request, "managed")
  assert.match(text, /^\[settings\.kubernetes\]\nmax-pods = 20\n/)
  assert.match(text, /"team" = \["data:NoSchedule"\]/)
})

test("Karpenter's number is in the EC2NodeClass, labels in the NodePool", () => {
  const [nodeClass, pool] = parseAllDocuments(
    userData("karpenter", request, "self-managed").text,
  ).map((d) => d.toJS())
  assert.equal(nodeClass.spec.kubelet.maxPods, 20)
  assert.equal(
    pool.spec.template.metadata.labels["vpc.amazonaws.com/externalEniConfig"],
    "us-west-2a",
  )
  assert.deepEqual(pool.spec.template.spec.taints, [
    { key: "team", value: "data", effect: "NoSchedule" },
  ])
})

test("a launch template carries the script in base64", () => {
  const data = JSON.parse(userData("launch-template", request, "managed").text)
  assert.match(Buffer.from(data.UserData, "base64").toString(), /maxPods: 20/)
})

test("no request that passes the check can break out of the script's quotes", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("a", "'", '"', "\n", "$", "`", ";", "=", " ", "\\", ":"),
  })
  fc.assert(
    fc.property(hostile, hostile, hostile, (cluster, key, taint) => {
      const r = { ...request, cluster, labels: { [key]: key }, taints: [taint] }
      if (badRequest(r) !== undefined) return
      for (const family of userDataFamilies) {
        assert.doesNotMatch(userData(family, r, "self-managed").text, /[`;]|\$\(/)
      }
    }),
  )
})

test("a wrong number of pods is named", () => {
  assert.deepEqual(badRequest({ ...request, maxPods: Number.NaN }), {
    field: "max-pods",
    value: "NaN",
    expected: "a whole number from 1 to 2000",
  })
})
