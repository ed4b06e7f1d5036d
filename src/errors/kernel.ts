import { entry } from "./berth-error.ts"

/** What the Linux kernel, or the rights to talk to it, refused. */
export const kernelErrors = {
  "kernel/refused": entry<{ operation: string; object: string; errno: string }>({
    says: (d) => `${d.operation} ${d.object}: ${d.errno}`,
    hint: "The agent needs CAP_NET_ADMIN and CAP_SYS_ADMIN in the node's network namespace.",
    cni: 5,
  }),
  "kernel/nft": entry<{ why: string }>({
    says: (d) => `nft refused the rule set: ${d.why}`,
    hint: "Install nftables (Debian: apt-get install nftables) and check that nf_tables is available.",
    cni: 5,
  }),
}
