import { entry } from "./berth-error.ts"

/** What the Linux kernel, or the rights to talk to it, refused. */
export const kernelErrors = {
  /** `errno` is its name, such as ENODEV; `why` the kernel's own text, where it gives one. */
  "kernel/refused": entry<{ operation: string; object: string; errno: string; why?: string }>({
    says: (d) => `${d.operation} ${d.object}: ${d.errno}${d.why ? ` (${d.why})` : ""}`,
    hint: (d) =>
      d.errno === "EPERM" || d.errno === "EACCES"
        ? "The agent needs CAP_NET_ADMIN and CAP_SYS_ADMIN in the node's network namespace."
        : "Another program may have changed the node's network; `ip link`, `ip rule` and `ip route show table all` show its state.",
    cni: 5,
  }),
  "kernel/namespace-gone": entry<{ path: string }>({
    says: (d) => `network namespace ${d.path} does not exist (any more)`,
    hint: "The container has ended meanwhile; the runtime starts a new one by itself.",
    cni: 3,
  }),
  "kernel/link-missing": entry<{ mac: string; interfaceID: string }>({
    says: (d) => `no link has the MAC ${d.mac} of ${d.interfaceID}`,
    hint: "EC2 shows an attached ENI to the instance after a moment; if it stays away, detach it and let Berth attach a new one.",
    cni: 11,
  }),
  "kernel/nft": entry<{ why: string }>({
    says: (d) => `nft refused the rule set: ${d.why}`,
    hint: "Install nftables (Debian: apt-get install nftables) and check that nf_tables is available.",
    cni: 5,
  }),
}
