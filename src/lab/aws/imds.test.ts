import assert from "node:assert/strict"
import { createServer } from "node:http"
import { test } from "node:test"
import { systemClock } from "../../clock.ts"
import { attachInterface } from "../../ec2/memory/attachments.ts"
import { createCloud } from "../../ec2/memory/cloud.ts"
import { runInstances } from "../../ec2/memory/instances.ts"
import { createInterface } from "../../ec2/memory/interfaces.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { associateVpcCidr, createVpc } from "../../ec2/memory/vpcs.ts"
import { createImds } from "./imds.ts"

async function instanceWithImds(lag = { ms: 0 }) {
  const cloud = createCloud({ clock: systemClock, random: Math.random, region: "us-west-2" })
  const vpc = createVpc(cloud.core, { cidr: "10.0.0.0/16" })
  associateVpcCidr(cloud.core, { vpcId: vpc.id, cidr: "100.64.0.0/16" })
  const subnet = createSubnet(cloud.core, { vpcId: vpc.id, cidr: "10.0.0.0/24" })
  const [instance] = runInstances(cloud.core, {
    type: "m5.large",
    subnetId: subnet.id,
    iamInstanceProfile: "arn:aws:iam::111122223333:instance-profile/nodes",
    userData: Buffer.from("#!/bin/bash\necho hé").toString("base64"),
  })
  assert.ok(instance)
  const server = createServer(
    createImds(cloud, instance.id, {
      clock: systemClock,
      random: Math.random,
      lagMs: () => lag.ms,
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  assert.ok(typeof address === "object" && address)
  const base = `http://127.0.0.1:${address.port}`
  const granted = await fetch(`${base}/latest/api/token`, {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "300" },
  })
  assert.equal(granted.headers.get("x-aws-ec2-metadata-token-ttl-seconds"), "300")
  const token = await granted.text()
  const get = async (path: string, headers = { "x-aws-ec2-metadata-token": token }) => {
    const answer = await fetch(base + path, { headers })
    return answer.status === 200 ? answer.text() : answer.status
  }
  return {
    cloud,
    subnet,
    instance,
    base,
    get,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await cloud[Symbol.asyncDispose]()
    },
  }
}

test("the paths a node agent reads are there, without a newline at the end", async () => {
  await using imds = await instanceWithImds()
  const { get, instance, subnet, cloud } = imds
  const eni = createInterface(cloud.core, { subnetId: subnet.id, addressCount: 2 })
  attachInterface(cloud.core, { id: eni.id, instanceId: instance.id, deviceIndex: 1 })
  const mac = await get("/latest/meta-data/mac")
  assert.equal(await get("/latest/meta-data/instance-id"), instance.id)
  assert.equal(await get("/latest/meta-data/placement/availability-zone"), "us-west-2a")
  const identity = await get("/latest/dynamic/instance-identity/document")
  assert.equal(JSON.parse(String(identity)).region, "us-west-2")
  assert.equal(await get("/latest/user-data"), "#!/bin/bash\necho hé")
  const macs = String(await get("/latest/meta-data/network/interfaces/macs/"))
  assert.deepEqual(macs.split("\n"), [`${mac}/`, `${eni.mac}/`])
  const folder = `/latest/meta-data/network/interfaces/macs/${eni.mac}`
  const fields = String(await get(folder)).split("\n")
  assert.ok(fields.includes("local-ipv4s") && fields.includes("network-card"))
  assert.ok(!fields.includes("ipv4-prefix"))
  assert.equal(await get(`${folder}/interface-id`), eni.id)
  assert.equal(await get(`${folder}/device-number`), "1")
  assert.equal(
    await get(`${folder}/local-ipv4s`),
    [eni.primaryAddress, ...eni.addresses].join("\n"),
  )
  assert.equal(await get(`${folder}/vpc-ipv4-cidr-blocks`), "10.0.0.0/16\n100.64.0.0/16")
  assert.equal(await get(`${folder}/subnet-ipv4-cidr-block`), "10.0.0.0/24")
  assert.equal(await get(`${folder}/ipv4-prefix`), 404)
})

test("an SDK finds the instance's credentials by its default chain", async () => {
  await using imds = await instanceWithImds()
  const listed = await imds.get("/latest/meta-data/iam/security-credentials/")
  assert.equal(listed, "nodes")
  const found = await imds.get("/latest/meta-data/iam/security-credentials/nodes")
  const { AccessKeyId, Expiration } = JSON.parse(String(found))
  assert.match(AccessKeyId, /^ASIA/)
  assert.ok(Date.parse(Expiration) > Date.now())
})

test("a request without a valid token is refused", async () => {
  await using imds = await instanceWithImds()
  const { base, get } = imds
  assert.equal((await fetch(`${base}/latest/meta-data/mac`)).status, 401)
  assert.equal(await get("/latest/meta-data/mac", { "x-aws-ec2-metadata-token": "none" }), 401)
  const put = (headers: Record<string, string>) =>
    fetch(`${base}/latest/api/token`, { method: "PUT", headers }).then((r) => r.status)
  assert.equal(await put({}), 400)
  assert.equal(await put({ "x-aws-ec2-metadata-token-ttl-seconds": "999999" }), 400)
  assert.equal(
    await put({ "x-aws-ec2-metadata-token-ttl-seconds": "60", "x-forwarded-for": "1.2.3.4" }),
    403,
  )
})

test("metadata lags behind EC2 by the time configured", async () => {
  const lag = { ms: 0 }
  await using imds = await instanceWithImds(lag)
  const { get, instance, subnet, cloud } = imds
  const eni = createInterface(cloud.core, { subnetId: subnet.id })
  attachInterface(cloud.core, { id: eni.id, instanceId: instance.id, deviceIndex: 1 })
  const path = `/latest/meta-data/network/interfaces/macs/${eni.mac}/interface-id`
  assert.equal(await get(path), eni.id)
  lag.ms = 9_000
  assert.equal(await get(path), 404)
})
