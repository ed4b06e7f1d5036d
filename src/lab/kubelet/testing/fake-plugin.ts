import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** A CNI plugin as a shell script, and a network configuration that names it. */
export interface FakePlugin {
  binFolder: string
  confFolder: string
  /** One line per call: "COMMAND POD". */
  callLog: string
  /** Writes the configuration; without it the node has no network. */
  install(): void
  /** The next calls of `command` fail with this CNI error message; undefined heals. */
  breakWith(command: "ADD" | "DEL", message: string | undefined): void
}

export function fakePlugin(root: string): FakePlugin {
  const binFolder = join(root, "opt/cni/bin")
  const confFolder = join(root, "etc/cni/net.d")
  const callLog = join(root, "calls")
  mkdirSync(binFolder, { recursive: true })
  mkdirSync(confFolder, { recursive: true })
  writeFileSync(callLog, "")
  const plugin = join(binFolder, "fake")
  const script = `#!/bin/sh
cat > /dev/null
pod=$(echo "$CNI_ARGS" | tr ';' '\\n' | sed -n 's/^K8S_POD_NAME=//p')
echo "$CNI_COMMAND $pod" >> ${callLog}
if [ -f ${root}/fail-$CNI_COMMAND ]; then cat ${root}/fail-$CNI_COMMAND; exit 1; fi
[ "$CNI_COMMAND" = ADD ] || exit 0
n=$(grep -c ADD ${callLog})
echo "{\\"cniVersion\\":\\"1.0.0\\",\\"ips\\":[{\\"address\\":\\"10.1.0.$n/32\\"}]}"
`
  writeFileSync(plugin, script)
  chmodSync(plugin, 0o755)
  return {
    binFolder,
    confFolder,
    callLog,
    install() {
      const config = { cniVersion: "1.0.0", name: "fake-net", plugins: [{ type: "fake" }] }
      writeFileSync(join(confFolder, "10-fake.conflist"), JSON.stringify(config))
    },
    breakWith(command, message) {
      const file = join(root, `fail-${command}`)
      const error = { cniVersion: "1.0.0", code: 11, msg: message, details: "" }
      if (message === undefined) rmSync(file, { force: true })
      else writeFileSync(file, JSON.stringify(error))
    },
  }
}
