import { gzipSync } from "node:zlib"
import { systemClock } from "../../clock.ts"
import { fail } from "../../errors/catalogue.ts"
import { plural } from "../../fleet/doctor/finding.ts"
import { indexFleet } from "../../fleet/facts/fleet-index.ts"
import { doctorReport } from "../../fleet/report/doctor-report.ts"
import type { Snapshot } from "../../fleet/snapshot.ts"
import { fleetStatus } from "../../fleet/status/fleet-status.ts"
import { clientKube } from "../../kube/client/client-kube.ts"
import { type Call, list, text } from "../command.ts"
import { Bundle } from "../debug/bundle.ts"
import { collectLogs } from "../debug/collect-logs.ts"
import { collectObjects } from "../debug/collect-objects.ts"
import { collectIntrospection, execProgram } from "../debug/introspect.ts"
import { pickNodes } from "../debug/pick-nodes.ts"
import { doctorPage } from "../doctor/doctor-page.ts"
import { replaceFile } from "../replace-file.ts"
import { takeSnapshot } from "../snapshot/load-snapshot.ts"
import { statusPage } from "../status-page.ts"
import { writeTar } from "../tar/write-tar.ts"
import { plain } from "../terminal.ts"
import { version } from "../version.ts"
import { wholeNumber } from "../whole-number.ts"

const nodesByDefault = 20

export async function run(call: Call): Promise<number> {
  const snapshot = await takeSnapshot(call, systemClock)
  const bundle = new Bundle(nameOf(snapshot))
  const status = fleetStatus(indexFleet(snapshot))
  const nodes = new Set(nodesOf(call, snapshot))
  bundle.add("snapshot.json", JSON.stringify(snapshot))
  bundle.add("status.txt", statusPage(status, plain, true))
  bundle.add("doctor.txt", doctorPage(doctorReport(snapshot), plain, true))
  await collect(call, bundle, nodes)
  const unread = [...snapshot.unread, ...bundle.unread]
  bundle.add("README.txt", readme(snapshot, nodes, unread))
  const file = text(call, "output") ?? `${bundle.folder}.tar.gz`
  await replaceFile(file, gzipSync(writeTar(bundle.entries, systemClock.now())))
  call.stdout.write(
    `${file}: ${plural(bundle.entries.length, "file")}, logs of ${plural(nodes.size, "node")}\n`,
  )
  for (const { what, why } of unread) call.stderr.write(`not read: ${what}: ${why}\n`)
  return 0
}

async function collect(call: Call, bundle: Bundle, nodes: ReadonlySet<string>): Promise<void> {
  const kubeconfig = text(call, "kubeconfig")
  const context = text(call, "context")
  using kube = clientKube({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    env: { ...call.env },
  })
  const at = [
    ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ...(context === undefined ? [] : ["--context", context]),
  ]
  const exec = execProgram(call.env)
  await collectObjects(kube, bundle)
  await collectLogs(kube, bundle, nodes)
  if (call.options["exec"] !== false)
    await collectIntrospection(kube, bundle, nodes, (args) => exec("kubectl", [...at, ...args]))
}

function nodesOf(call: Call, snapshot: Snapshot): string[] {
  const named = list(call, "nodes").flatMap((value) => value.split(","))
  const { nodes } = snapshot.cluster
  if (named.length > 0)
    return named.map((name) => {
      const found = nodes.find((n) => n.name === name || n.name.startsWith(`${name}.`))
      if (found === undefined) throw fail("cli/not-found", { kind: "node", name, near: [] })
      return found.name
    })
  const most = wholeNumber(call, "mostNodes", { least: 0, most: 5000 })
  const unready = new Set(nodes.filter((n) => !n.ready).map((n) => n.name))
  return pickNodes(fleetStatus(indexFleet(snapshot)).nodes, unready, most ?? nodesByDefault)
}

/** Fit for a file name: `berth-bundle-harbour-20261123T030000Z`. */
function nameOf({ cluster, takenAt }: Snapshot): string {
  const name = (cluster.name ?? "cluster").replace(/[^A-Za-z0-9.-]+/g, "-").slice(0, 60)
  return `berth-bundle-${name}-${takenAt.replace(/[-:]|\.\d+/g, "")}`
}

function readme(
  { source, takenAt, cluster }: Snapshot,
  nodes: ReadonlySet<string>,
  unread: readonly { readonly what: string; readonly why: string }[],
): string {
  return [
    `Taken by berth ${version()} (Node.js ${process.version}) at ${takenAt}`,
    `of ${cluster.name ?? source}, Kubernetes ${cluster.version ?? "?"}.`,
    "",
    "snapshot.json     for every reading command: berth doctor --logs THIS.tar.gz",
    "status.txt        berth status --all",
    "doctor.txt        berth doctor --all",
    "objects/          what decides where pods get addresses, and what runs the plugin",
    "events.yaml       warnings, and events of nodes and of kube-system",
    "logs/             of the controller, and of the agents on the nodes below",
    "introspection/    what those agents know",
    "",
    "Left out: Secrets, ConfigMaps, user data, managed fields, and the values of variables that are named like secrets.",
    "It names the addresses and objects of the network: give it to people who may know them.",
    "",
    `Nodes: ${[...nodes].join(", ") || "none"}`,
    ...(unread.length === 0
      ? []
      : ["", "Not read:", ...unread.map((u) => `  ${u.what}: ${u.why}`)]),
    "",
  ].join("\n")
}
