// Berth as the CNI of a real runtime: Debian's containerd, asked over CRI as a kubelet does, and CNI's own cnitool, with
// the real agent process and plugin on a node of namespaces.
import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { listenInNamespace } from "../lab/sandbox/namespace-socket.ts"
import { until } from "./testing/agent-world.ts"
import {
  type ContainerRuntime,
  containerRuntime,
  find,
  runIsolated,
  whyNoRuntime,
} from "./testing/container-runtime.ts"
import { podInterface, primaryInterface } from "./testing/fake-controller.ts"
import { type NodeLab, nodeLab } from "./testing/node-lab.ts"

const versions = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]
const isolated = "BERTH_TEST_ISOLATED"

if (process.env[isolated] === undefined) {
  const why = whyNoRuntime()
  test("containerd runs containers through Berth", why ? { skip: why } : {}, async (t) => {
    const { code, output } = await runIsolated(fileURLToPath(import.meta.url), { [isolated]: "1" })
    assert.equal(code, 0, output)
    for (const line of output.split("\n")) if (line.startsWith("﹣")) t.diagnostic(line)
  })
} else {
  test("containerd over CRI: ADD, packets from the container, DEL", async () => {
    await using lab = await nodeLab()
    await using runtime = await start(lab)
    const seen = await serveOutside(lab)
    const pods = ["a", "b"].map((name) => ({ namespace: "default", name }))
    const ids = await Promise.all(pods.map((pod) => runtime.cri.runPodSandbox(pod))).catch(
      (error: Error) => assert.fail(`${error.message}\n${runtime.log()}`),
    )
    const addresses = await Promise.all(ids.map((id) => runtime.cri.podAddress(id)))
    assert.deepEqual(addresses.toSorted(), ["100.64.1.11", "100.64.1.12"])
    for (const id of ids) await runtime.exec(id, "wget -q -O - http://100.64.1.1/")
    assert.deepEqual(seen, addresses)
    for (const id of ids) await runtime.cri.stopPodSandbox(id)
    assert.deepEqual(wired(lab), [])
    for (const id of ids) await runtime.cri.removePodSandbox(id)
  })

  const cnitool = find("cnitool")
  test("cnitool: every verb of every version", {
    skip: !cnitool && "cnitool is not in PATH",
  }, async () => {
    await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0" })
    await using runtime = await start(lab)
    for (const version of versions)
      await everyVerb(lab, version, viaCnitool(lab, runtime, { cnitool: cnitool ?? "", version }))
  })

  test("the plugin itself: every verb of every version", async () => {
    await using lab = await nodeLab({ IP_COOLDOWN_PERIOD: "0" })
    await using _ = await start(lab)
    for (const version of versions) await everyVerb(lab, version, direct(lab, version))
  })
}

/** A node with twenty addresses whose runtime says that it can attach pods. */
async function start(lab: NodeLab): Promise<ContainerRuntime> {
  const interfaces = [primaryInterface(), podInterface(1, 20)]
  for (const eni of interfaces) lab.attach(eni)
  const { HOST_CNI_BIN_PATH: bin, HOST_CNI_CONFDIR_PATH: config } = lab.environment
  const runtime = await containerRuntime(lab.host, join(lab.folder, "containerd"), { bin, config })
  assert.equal(await runtime.cri.networkReady(), false)
  lab.startAgent()
  await until("spec", () => lab.controller.read())
  await lab.controller.grant(interfaces)
  await until("NetworkReady", () => runtime.cri.networkReady())
  return runtime
}

/** A web server in the pods' subnet; returns the addresses that its clients come from. */
async function serveOutside(lab: NodeLab): Promise<(string | undefined)[]> {
  const gateway = "100.64.1.1"
  const node = { link: "fab1", address: "100.64.1.10", mac: "0a:00:00:00:00:01" }
  lab.fabric.apply([
    { do: "putAddress", link: "fab1", address: `${gateway}/32` },
    { do: "putNeighbour", neighbour: node },
    {
      do: "putRoute",
      route: { to: `${node.address}/32`, link: "fab1", table: 254, scope: "link" },
    },
    { do: "putRoute", route: { to: "100.64.1.0/24", via: node.address, table: 254 } },
  ])
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.socket.remoteAddress)
    response.end("ok")
  })
  await listenInNamespace(server, lab.fabric, { address: gateway, port: 80 })
  server.unref()
  return seen
}

type Call = (verb: string, container: string) => Promise<Record<string, unknown>>

function viaCnitool(
  lab: NodeLab,
  runtime: ContainerRuntime,
  { cnitool, version }: { cnitool: string; version: string },
): Call {
  const folder = join(lab.folder, `net.d-${version}`)
  mkdirSync(folder)
  const conflist = { cniVersion: version, name: "aws-cni", plugins: [{ type: "berth-cni" }] }
  writeFileSync(join(folder, "10-aws.conflist"), JSON.stringify(conflist))
  return async (verb, container) => {
    const env = {
      NETCONFPATH: folder,
      CNI_PATH: lab.environment.HOST_CNI_BIN_PATH,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${container}`,
    }
    const netns = `${lab.folder}/netns/${container}`
    const output = await runtime.run(cnitool, [verb, "aws-cni", netns], env)
    return output === "" ? {} : JSON.parse(output)
  }
}

/** As libcni executes the plugin. */
function direct(lab: NodeLab, version: string): Call {
  const results = new Map<string, object>()
  return async (verb, container) => {
    const config = {
      cniVersion: version,
      ...(verb === "check" && { prevResult: results.get(container) }),
      ...(verb === "gc" && { "cni.dev/valid-attachments": [] }),
    }
    const { code, output } = await lab.plugin(verb.toUpperCase(), container, config)
    if (code !== 0) throw new Error(String(output["msg"]))
    if (verb === "add") results.set(container, output)
    return output
  }
}

async function everyVerb(lab: NodeLab, version: string, call: Call) {
  const [kept, stale] = [`kept-${version}`, `stale-${version}`]
  for (const container of [kept, stale]) {
    lab.sandbox(container)
    const { cniVersion, ips } = await call("add", container)
    assert.equal(cniVersion, version)
    assert.match((ips as { address: string }[])[0]?.address ?? "", /^100\.64\.1\.\d+\/32$/)
  }
  // CHECK came with 0.4.0, GC and STATUS with 1.1.0.
  if (version !== "0.3.1") {
    await call("check", kept)
    const [, to] = wired(lab)
    lab.host.apply([{ do: "removeRoute", route: { to: to ?? "", table: 254 } }])
    await assert.rejects(Promise.all([call("check", kept), call("check", stale)]), /route/)
  }
  if (version === "1.1.0") {
    await call("status", kept)
    await call("gc", kept)
    assert.equal(wired(lab).length, 0)
  }
  await call("del", kept)
  await call("del", stale)
  await call("del", stale)
  assert.deepEqual(wired(lab), [])
}

/** Addresses that the node leads to a container. */
const wired = (lab: NodeLab) =>
  lab.host.rules().flatMap((r) => (r.priority === 512 ? (r.to ?? []) : []))
