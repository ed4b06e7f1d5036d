import { type ExecFileOptions, execFile, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import type { NetNamespace } from "../../kernel/kernel.ts"
import { namespaceRights } from "../../kernel/rights.ts"
import { until } from "./agent-world.ts"
import { Cri } from "./cri.ts"

const run = promisify(execFile)
/** Of root alone on Debian: containerd looks for runc here. */
const path = [process.env["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"].join(delimiter)
const image = "localhost/busybox:1"
/** Where Debian's containernetworking-plugins puts them. containerd calls loopback besides the network's own plugin. */
const debianPlugins = "/usr/lib/cni"
const programs = ["containerd", "ctr", "runc", "busybox", "unshare", `${debianPlugins}/loopback`]

/** Why containerd cannot run here; undefined when it can. */
export function whyNoRuntime(): string | undefined {
  const rights = namespaceRights()
  if (!rights.allowed) return `no network namespaces here: ${rights.why}`
  if (process.getuid?.() !== 0) return "containerd needs root"
  const missing = programs.filter((name) => !find(name))
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`
  // A dynamic one does not run in a root file system that holds nothing else.
  if (dynamic(find("busybox") ?? "")) return "busybox is not static (package busybox-static)"
  return undefined
}

/** Where a program is; undefined when it is not installed. */
export function find(name: string): string | undefined {
  try {
    return execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { env: { PATH: path } })
      .toString()
      .trim()
  } catch {
    return undefined
  }
}

/** Names a loader, such as /lib64/ld-linux-x86-64.so.2. */
const dynamic = (file: string) => readFileSync(file).includes("/ld-")

export interface ContainerRuntime extends AsyncDisposable {
  readonly cri: Cri
  /** Runs a shell command in the sandbox's own container; its stdout. */
  exec(sandbox: string, command: string): Promise<string>
  /** Runs a program where the runtime runs. */
  run(file: string, args: readonly string[], env: Record<string, string>): Promise<string>
  log(): string
}

/**
 * Debian's containerd in the node's namespace, with a folder of its own. Its image is made of busybox: nothing is
 * pulled. Call it in a mount and PID namespace of its own, which also ends its shims and mounts.
 */
export async function containerRuntime(
  host: NetNamespace,
  folder: string,
  cni: { readonly bin: string; readonly config: string },
): Promise<ContainerRuntime> {
  mkdirSync(folder)
  const socket = join(folder, "containerd.sock")
  const config = join(folder, "config.toml")
  mkdirSync(cni.bin, { recursive: true })
  for (const name of ["loopback", "portmap"])
    copyFileSync(join(debianPlugins, name), join(cni.bin, name))
  const log = join(folder, "log")
  writeFileSync(config, configuration({ folder, socket, ...cni }))
  const out = openSync(log, "w")
  const env = { PATH: path }
  const daemon = host.enter(() =>
    spawn("containerd", ["-c", config], { env, stdio: ["ignore", out, out] }),
  )
  const ended = once(daemon, "exit")
  const start = async (file: string, args: readonly string[], options: ExecFileOptions) => {
    const { stdout } = await host.enter(() => run(file, args, options))
    return String(stdout)
  }
  const ctr = (...args: string[]) =>
    start("ctr", ["--address", socket, "--namespace", "k8s.io", ...args], { env })
  const answers = () => ctr("version").catch(() => undefined)
  await until("containerd answers", answers, 30_000)
  await ctr("images", "import", "--snapshotter", "native", await makeImage(join(folder, "image")))
  let executions = 0
  return {
    cri: new Cri(socket),
    exec: (sandbox, command) =>
      ctr("tasks", "exec", "--exec-id", `e${executions++}`, sandbox, "sh", "-c", command),
    run: (file, args, more) => start(file, args, { env: { ...env, ...more } }),
    log: () => execFileSync("tail", ["-n", "30", log]).toString(),
    async [Symbol.asyncDispose]() {
      daemon.kill()
      await ended
      // Of containers that a failed test left: the folder could not be removed.
      const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n")
      for (const mount of mounts.map((line) => line.split(" ")[1] ?? "").toReversed())
        if (mount.startsWith(folder)) execFileSync("umount", ["--lazy", mount])
    },
  }
}

interface Places {
  readonly folder: string
  readonly socket: string
  readonly bin: string
  readonly config: string
}

/** Version 2 of containerd's configuration, which 1.x and 2.x read. Snapshots are copies: overlays do not nest. */
const configuration = ({ folder, socket, bin, config }: Places) => `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${image}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${bin}"
    conf_dir = "${config}"
`

/** An image archive as \`docker save\` writes it: one layer with busybox, which sleeps as a pause container does. */
async function makeImage(folder: string): Promise<string> {
  const bin = join(folder, "root", "bin")
  mkdirSync(bin, { recursive: true })
  execFileSync("cp", [find("busybox") ?? "", join(bin, "busybox")])
  for (const name of ["sh", "sleep", "wget", "ip"]) symlinkSync("busybox", join(bin, name))
  const tar = (...args: string[]) => run("tar", args, { cwd: folder })
  await tar("-cf", "layer.tar", "-C", "root", ".")
  const { stdout } = await run("sha256sum", ["layer.tar"], { cwd: folder })
  const config = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Entrypoint: ["/bin/sleep", "86400"], Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${stdout.split(" ")[0]}`] },
  }
  writeFileSync(join(folder, "config.json"), JSON.stringify(config))
  const manifest = [{ Config: "config.json", RepoTags: [image], Layers: ["layer.tar"] }]
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest))
  await tar("-cf", "image.tar", "manifest.json", "config.json", "layer.tar")
  return join(folder, "image.tar")
}

/**
 * Runs a test file again in mount, PID and network namespaces of its own, with an empty /run and /var/lib: whatever a
 * runtime makes ends with it. Returns its exit code and output.
 */
export async function runIsolated(
  file: string,
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> {
  const script = `mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && exec "$@"`
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env
  const child = spawn(
    "unshare",
    [
      ...["--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"],
      ...["sh", "-c", script, "sh", process.execPath, file],
    ],
    { env: { ...rest, ...env }, stdio: ["ignore", "pipe", "pipe"] },
  )
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
  const [code] = (await once(child, "close")) as [number | null]
  return { code, output }
}
