// Unmodified third-party clients against the lab's EC2.
import assert from "node:assert/strict"
import { execFile, spawnSync } from "node:child_process"
import { createServer } from "node:http"
import { join } from "node:path"
import { test } from "node:test"
import { systemClock } from "../../clock.ts"
import { createCloud } from "../../ec2/memory/cloud.ts"
import { createSubnet } from "../../ec2/memory/subnets.ts"
import { createVpc } from "../../ec2/memory/vpcs.ts"
import { ec2Actions } from "./ec2/actions.ts"
import { createEc2Server } from "./ec2-server.ts"

async function serve() {
  const cloud = createCloud({ clock: systemClock, random: Math.random, region: "us-west-2" })
  const server = createServer(createEc2Server(cloud))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  assert.ok(typeof address === "object" && address)
  return {
    cloud,
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await cloud[Symbol.asyncDispose]()
    },
  }
}

/** Runs a program to its end; what it wrote, or the error with its stderr. */
const run = (program: string, args: readonly string[], input = "", env = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, ...env }, timeout: 120_000 },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${stderr}\n${stdout}`)) : resolve(stdout),
    )
    child.stdin?.end(input)
  })

const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0
const withoutBoto3 = works("python3", "-c", "import boto3")
  ? false
  : "python3 with boto3 is missing"
const withoutCli = works("aws", "--version") ? false : "the AWS CLI is missing"

test("boto3 walks every action, and every answer fits the API's model", {
  skip: withoutBoto3,
}, async () => {
  await using lab = await serve()
  const served = Object.entries(ec2Actions).map(([name, action]) => [name, action.parameters])
  const script = join(import.meta.dirname, "testdata/boto3_tour.py")
  const said = await run("python3", [script, lab.url], JSON.stringify(served))
  assert.equal(said.trim(), "never called: []")
})

test("the AWS CLI carries out the documented steps", { skip: withoutCli }, async () => {
  await using lab = await serve()
  const vpc = createVpc(lab.cloud.core, { cidr: "10.0.0.0/16" })
  const nodes = createSubnet(lab.cloud.core, { vpcId: vpc.id, cidr: "10.0.0.0/24" })
  const aws = (...args: string[]) =>
    run("aws", [...args, "--endpoint-url", lab.url, "--region", "us-west-2"], "", {
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_PAGER: "",
    })
  const text = async (command: string, query: string) =>
    (await aws("ec2", ...command.split(" "), "--query", query, "--output", "text")).trim()

  const cidr = `associate-vpc-cidr-block --vpc-id ${vpc.id} --cidr-block 100.64.0.0/16`
  assert.equal(await text(cidr, "CidrBlockAssociation.CidrBlockState.State"), "associating")
  const subnet = await text(
    `create-subnet --vpc-id ${vpc.id} --cidr-block 100.64.0.0/24 --availability-zone us-west-2a`,
    "Subnet.SubnetId",
  )
  const instance = await text(
    `run-instances --image-id ami-1 --instance-type m5.large --subnet-id ${nodes.id} --user-data x`,
    "Instances[0].InstanceId",
  )
  const eni = await text(
    `create-network-interface --subnet-id ${subnet} --ipv4-prefix-count 2`,
    "NetworkInterface.NetworkInterfaceId",
  )
  await text(
    `attach-network-interface --network-interface-id ${eni} --instance-id ${instance} --device-index 1`,
    "AttachmentId",
  )
  const prefixes = await text(
    `describe-network-interfaces --filters Name=attachment.instance-id,Values=${instance} Name=subnet-id,Values=${subnet}`,
    "NetworkInterfaces[].Ipv4Prefixes[].Ipv4Prefix",
  )
  assert.equal(prefixes, "100.64.0.16/28\t100.64.0.32/28")
  await assert.rejects(
    aws("ec2", "create-network-interface", "--subnet-id", "subnet-0bad"),
    /InvalidSubnetID\.NotFound.*The subnet ID 'subnet-0bad' does not exist/,
  )
  await aws("ec2", "terminate-instances", "--instance-ids", instance)
  const state = await text(
    `describe-instances --instance-ids ${instance}`,
    "Reservations[].Instances[].State.Name",
  )
  assert.equal(state, "terminated")
})
