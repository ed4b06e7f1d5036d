// Goal: the lab comes up as a cluster that kubectl takes for real, on both control planes, and leaves nothing behind.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { EC2Client, RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2"
import { createShell } from "./demo/shell.ts"
import { placeOwnKubectl } from "./kubectl/ensure-kubectl.ts"
import { launchLab } from "./launch.ts"
import { whyHollow } from "./sandbox/requirements.ts"
import { eventually } from "./sandbox/testing/eventually.ts"
import { kubectlFor, whyNoKubectl } from "./testing/kubectl.ts"
import { quietScenario } from "./testing/quiet-scenario.ts"

const hollow = await whyHollow()
const noKubectl = whyNoKubectl()
const assets = process.env["KUBEBUILDER_ASSETS"]
const noAssets =
  assets && existsSync(join(assets, "kube-apiserver"))
    ? undefined
    : "KUBEBUILDER_ASSETS names no kube-apiserver"
const skip = (...reasons: (string | undefined)[]) => reasons.find((r) => r !== undefined) ?? false

/** Of this run alone: other labs may be up on the machine. */
const named = (what: string) => `e2e-${what}-${process.pid}`
const options = { kubePort: 0, ec2Port: 0, hollow: false, scenario: quietScenario }

/** Processes of this machine that belong to the lab in `folder`. */
const processesOf = (folder: string): number[] =>
  readdirSync("/proc")
    .filter((f) => /^\d+$/.test(f))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandOf(pid).includes(folder))

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

for (const plane of [
  { title: "the embedded API", name: named("em"), controlPlane: undefined, missing: undefined },
  { title: "the real control plane", name: named("re"), controlPlane: assets, missing: noAssets },
]) {
  const reason = skip(hollow, noKubectl, plane.missing)
  test(`a cluster on ${plane.title}`, { skip: reason, timeout: 180_000 }, async (t) => {
    const lab = await launchLab({
      ...options,
      name: plane.name,
      ...(plane.controlPlane === undefined ? {} : { controlPlane: plane.controlPlane }),
    })
    const folder = dirname(lab.kubeconfig)
    t.after(() => lab.stop())
    const kubectl = kubectlFor(lab.kubeconfig)
    const ok = async (...args: string[]) => {
      const { exit, stdout, stderr } = await kubectl(...args)
      assert.equal(exit, 0, `kubectl ${args.join(" ")}\n${stderr}${stdout}`)
      return stdout
    }

    await t.test("nodes are ready, labelled and sized as their user data says", async () => {
      await ok("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
      const zones = await ok(
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[*].metadata.labels.topology\\.kubernetes\\.io/zone}",
      )
      assert.deepEqual(zones.split(" ").sort(), ["us-west-2a", "us-west-2b"])
      const team = await ok("get", "nodes", "-l", "team=a", "-o", "name")
      assert.equal(team.trim().split("\n").length, 2)
    })

    await t.test("the application runs, answers over the network, and can be rolled", async () => {
      await ok("rollout", "status", "deployment/web", "--timeout=60s")
      const pods = JSON.parse(await ok("get", "pods", "-l", "app=web", "-o", "json"))
      const [one, other] = pods.items
      const url = `http://${other.status.podIP}:8080/hello`
      const answer = JSON.parse(
        await ok("exec", one.metadata.name, "--", "curl", "-s", "-m", "5", url),
      )
      assert.deepEqual(
        { pod: answer.pod, client: answer.client, path: answer.path },
        { pod: other.metadata.name, client: one.status.podIP, path: "/hello" },
      )
      const log = await ok("logs", other.metadata.name)
      assert.match(log, new RegExp(`${one.status.podIP} "GET /hello" 200`))
      await ok("rollout", "restart", "deployment/web")
      await ok("rollout", "status", "deployment/web", "--timeout=60s")
    })

    await t.test("exec says how a command ended, over WebSocket and over SPDY", async () => {
      const pod = (
        await ok("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}")
      ).trim()
      for (const webSockets of ["true", "false"]) {
        const client = kubectlFor(lab.kubeconfig, { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets })
        const good = await client("exec", pod, "--", "ip", "-4", "addr", "show", "eth0")
        assert.match(good.stdout, /inet 10\.0\./, good.stderr)
        assert.equal((await client("exec", pod, "--", "false")).exit, 1)
        const refused = await client("exec", pod, "--", "rm", "-rf", "/")
        assert.match(refused.stderr, /not among the programs/)
      }
    })

    await t.test("without kubectl Berth's own does what the procedure types", async () => {
      const path = `${await placeOwnKubectl(folder)}:${process.env["PATH"]}`
      const shell = createShell({ ...process.env, PATH: path, KUBECONFIG: lab.kubeconfig })
      const typed = async (line: string) => {
        const { exit, stdout, stderr } = await shell(line)
        assert.equal(exit, 0, `${line}\n${stderr}${stdout}`)
        return stdout
      }
      assert.match(
        await typed("kubectl get pods -l app=web"),
        /^NAME +READY +STATUS.*\nweb-.* 1\/1/,
      )
      const names = (await ok("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")).trim()
      await typed(`kubectl taint node ${names} held=true:NoSchedule`)
      const taints = () => ok("get", "nodes", "-o", "jsonpath={.items[*].spec.taints[*].key}")
      assert.equal((await taints()).split(" ").filter((k) => k === "held").length, 2)
      await typed(`kubectl taint node ${names} held-`)
      assert.doesNotMatch(await taints(), /held/)
      const pods = await ok(
        "get",
        "pods",
        "-l",
        "app=web",
        "-o",
        "jsonpath={.items[*].metadata.name}",
      )
      const [pod] = pods.trim().split(" ")
      assert.match(await typed(`kubectl exec ${pod} -- ip -4 addr show eth0`), /inet 10\.0\./)
      assert.equal((await shell(`kubectl exec ${pod} -- false`)).exit, 1)
      const refused = await shell(`kubectl exec ${pod} -- rm -rf /`)
      assert.match(refused.stderr, /not among the programs/)
      assert.notEqual(refused.exit, 0)
    })

    await t.test("a pod can be a command", async () => {
      await ok(
        "run",
        "probe",
        "--image=busybox",
        "--restart=Never",
        "--",
        "ping",
        "-c1",
        "127.0.0.1",
      )
      await ok("wait", "pod/probe", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
      assert.match(await ok("logs", "probe"), /1 received/)
      await ok("delete", "pod", "probe")
    })

    await t.test("an instance that is launched joins, one that is terminated goes", async () => {
      const ec2 = new EC2Client({
        region: lab.region,
        endpoint: lab.ec2Url,
        credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
      })
      const launched = await ec2.send(
        new RunInstancesCommand({
          ImageId: "ami-1",
          InstanceType: "m5.large",
          MinCount: 1,
          MaxCount: 1,
          SubnetId: quietScenario.subnets[0]!.id,
          SecurityGroupIds: [quietScenario.securityGroups[0]!.id],
          UserData: Buffer.from(
            "#!/bin/bash\n/etc/eks/bootstrap.sh quiet --use-max-pods false --kubelet-extra-args '--max-pods=7'\n",
          ).toString("base64"),
        }),
      )
      const { InstanceId: id = "", PrivateDnsName: dns } = launched.Instances?.[0] ?? {}
      const find = async () => {
        const { items } = JSON.parse(await ok("get", "nodes", "-o", "json"))
        return items.find((n: { spec: { providerID: string } }) => n.spec.providerID.endsWith(id))
      }
      await eventually(async () => assert.ok(await find(), `${id} (${dns}) is no node`))
      const node = await find()
      assert.equal(node.status.allocatable.pods, "7")
      await ok("wait", `node/${node.metadata.name}`, "--for=condition=Ready", "--timeout=60s")
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
      await ok("wait", `node/${node.metadata.name}`, "--for=delete", "--timeout=60s")
    })

    await t.test("the API server asks the controller before it takes an object", async () => {
      const config = (subnet: string) => ({
        apiVersion: "crd.k8s.amazonaws.com/v1alpha1",
        kind: "ENIConfig",
        metadata: { name: "probe" },
        spec: { subnet },
      })
      const create = (subnet: string) =>
        kubectl("apply", "-f", writeManifest(folder, config(subnet)))
      await eventually(async () => {
        const { stderr } = await create("subnet-00000000000000ee")
        if (stderr === "") await kubectl("delete", "eniconfig", "probe")
        assert.match(
          stderr,
          /webhook "placements.berth.dev" denied the request: .*EC2 does not know/,
        )
      })
      const known = await create(quietScenario.subnets[0]!.id)
      assert.equal(known.exit, 0, known.stderr)
      const { stdout } = await kubectl("get", "secret", "berth-webhook", "-n", "kube-system")
      assert.match(stdout, /kubernetes.io\/tls/)
    })

    await t.test("after stop nothing is left", async () => {
      await lab.stop()
      assert.deepEqual(processesOf(folder), [])
      assert.equal(existsSync(folder), false)
      assert.equal((await lab.ended).expected, true)
    })
  })
}

function writeManifest(folder: string, object: object): string {
  const path = join(folder, "manifest.json")
  writeFileSync(path, JSON.stringify(object))
  return path
}

const script = fileURLToPath(new URL("./testing/lab-process.ts", import.meta.url))

/** A launcher of its own, ready. */
async function launcher(name: string, ...args: string[]) {
  const child = spawn(process.execPath, [script, name, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { kubeconfig } = JSON.parse(line) as { kubeconfig: string }
    return { child, kubeconfig, folder: dirname(kubeconfig) }
  }
  throw new Error("the launcher ended before it was ready")
}

test("kill -9 of the launcher leaves no process, and the name can be used again", {
  skip: skip(hollow),
  timeout: 120_000,
}, async () => {
  const { child, folder } = await launcher(named("kl"))
  child.kill("SIGKILL")
  await eventually(() => assert.deepEqual(processesOf(folder), []))
  const again = await launchLab({ ...options, name: named("kl") })
  await again.stop()
  assert.equal(existsSync(folder), false)
})

test("kill -9 of the world is told to the launcher, and nothing is left", {
  skip: skip(hollow),
  timeout: 120_000,
}, async () => {
  const lab = await launchLab({ ...options, name: named("wo") })
  const folder = dirname(lab.kubeconfig)
  const world = processesOf(folder).find((pid) => commandOf(pid).startsWith(process.execPath))
  assert.ok(world)
  process.kill(world, "SIGKILL")
  const end = await lab.ended
  assert.equal(end.expected, false)
  await eventually(() => assert.deepEqual(processesOf(folder), []))
})

test("a second lab of the same name and a taken port are refused in words", {
  skip: skip(hollow),
  timeout: 120_000,
}, async (t) => {
  const lab = await launchLab({ ...options, name: named("fi") })
  t.after(() => lab.stop())
  await assert.rejects(launchLab({ ...options, name: named("fi") }), {
    code: "lab/already-running",
  })
  const squatter = createServer().listen(0, "127.0.0.1")
  t.after(() => squatter.close())
  const port = await new Promise<number>((resolve) =>
    squatter.on("listening", () => resolve((squatter.address() as { port: number }).port)),
  )
  await assert.rejects(launchLab({ ...options, name: named("se"), kubePort: port }), {
    code: "lab/port-in-use",
  })
})

test("without namespaces the same cluster runs hollow", {
  skip: skip(noKubectl),
  timeout: 120_000,
}, async (t) => {
  const lab = await launchLab({ ...options, name: named("ho"), hollow: true })
  const folder = dirname(lab.kubeconfig)
  t.after(() => lab.stop())
  assert.ok(lab.hollow)
  const kubectl = kubectlFor(lab.kubeconfig)
  const nodes = await kubectl("wait", "node", "--all", "--for=condition=Ready", "--timeout=60s")
  assert.equal(nodes.exit, 0, nodes.stderr)
  const rollout = await kubectl("rollout", "status", "deployment/web", "--timeout=60s")
  assert.equal(rollout.exit, 0, rollout.stderr)
  const addresses = await kubectl(
    "get",
    "pods",
    "-l",
    "app=web",
    "-o",
    "jsonpath={.items[*].status.podIP}",
  )
  assert.match(addresses.stdout, /^10\.0\.\d+\.\d+ 10\.0\.\d+\.\d+$/)
  await lab.stop()
  assert.deepEqual(processesOf(folder), [])
})
