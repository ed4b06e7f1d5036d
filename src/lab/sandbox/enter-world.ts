/**
 * The command line that runs `command` in namespaces of its own, as the first process of a new PID namespace.
 * Death is passed down whatever its cause: `setpriv --pdeathsig` ends unshare with the launcher, `--kill-child` ends
 * the first process with unshare, and the kernel ends the PID namespace, with every process, mount and network
 * namespace in it, with its first process (pid_namespaces(7)). All three programs are of util-linux.
 */
export function enterWorld(command: readonly string[]): [string, ...string[]] {
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]
  return [
    ...dieWithParent,
    "unshare",
    ...user,
    ...["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
    "--",
    ...command,
  ]
}

/** Prefix for a command that must not outlive its parent process. */
export const dieWithParent: [string, ...string[]] = ["setpriv", "--pdeathsig", "KILL", "--"]

/**
 * Shell text that gives the calling mount namespace a private, empty /run/netns. Where the machine has no such folder
 * it is not made there: /run is replaced by a private one with the same entries instead. They are bound by paths
 * relative to the old /run, which the shell stays in; `-c` keeps mount(8) from making them absolute, `-n` from writing
 * /run/mount.
 */
export const rebuildRun = `
if ! [ -d /run/netns ]; then
  cd /run
  mount -n -t tmpfs -o mode=755 berth-run /run
  for entry in ./*; do
    if [ -L "$entry" ]; then cp -P "$entry" "/run/$entry"
    elif [ -d "$entry" ]; then mkdir "/run/$entry"; mount -n -c --rbind "$entry" "/run/$entry"
    elif [ -e "$entry" ]; then : > "/run/$entry"; mount -n -c --bind "$entry" "/run/$entry"
    fi
  done
  mkdir /run/netns
fi
cd /
mount -n -t tmpfs -o mode=755 berth-netns /run/netns
`
