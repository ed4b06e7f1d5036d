import { isDeepStrictEqual } from "node:util"
import type { NodeInterface, NodeNetworkStatus } from "../api/nodenetwork.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Logger } from "../log.ts"
import type { AgentMetrics } from "./agent-metrics.ts"
import type { Values } from "./environment/environment.ts"
import { findLinkByMac } from "./network/interface-setup.ts"
import { NodeTraffic } from "./network/node-traffic.ts"
import { setUpPrimary } from "./network/primary-interface.ts"
import type { TrafficPolicy } from "./network/traffic-policy.ts"

export interface TrafficKeeperOptions {
  kernel: Kernel
  values: Values
  metrics: AgentMetrics
  log: Logger
}

/** Keeps the host's primary ENI, rules and nftables table as the environment and the VPC's blocks ask. */
export class TrafficKeeper {
  readonly #o: TrafficKeeperOptions
  readonly #traffic: NodeTraffic
  #status: NodeNetworkStatus | undefined
  #problem = ""

  constructor(o: TrafficKeeperOptions) {
    this.#o = o
    this.#traffic = new NodeTraffic(o.kernel)
  }

  /** The VPC's blocks are followed live: traffic to a block that was just added must keep the pod's address. */
  async update(status: NodeNetworkStatus): Promise<void> {
    const before = factsOf(this.#status)
    this.#status = status
    if (!isDeepStrictEqual(factsOf(status), before)) await this.verify()
  }

  /** Puts back what something else removed. Never rejects: the next look tries again. */
  async verify(): Promise<void> {
    const { log, metrics } = this.#o
    const primary = this.#status?.interfaces.find((i) => i.primary)
    const cidrs = this.#status?.vpc?.cidrs ?? []
    // Without the VPC's blocks every destination would look like the internet, so nothing is changed.
    if (!primary || cidrs.length === 0) return
    try {
      this.#setUpHost(primary)
      const { rules, nft } = await this.#traffic.keep(this.#policy(primary, cidrs))
      if (nft === "replaced") log.info("traffic rules applied", { vpc: cidrs })
      if (nft === "restored") {
        log.warn("traffic rules had been changed by something else; restored", { table: "berth" })
        metrics.berth_kernel_repairs_total.inc({ what: "nftables" })
      }
      if (rules.length > 0 && nft === "unchanged") {
        log.warn("routing rules restored", { rules: rules.length })
        metrics.berth_kernel_repairs_total.inc({ what: "rules" })
      }
      this.#problem = ""
      metrics.awscni_connmark_reconcile_total.inc({ result: "success" })
    } catch (error) {
      metrics.awscni_connmark_reconcile_total.inc({ result: "error" })
      const why = (error as Error).message
      if (why !== this.#problem) log.error("traffic rules could not be applied", { why })
      this.#problem = why
    }
  }

  #setUpHost(primary: NodeInterface) {
    const { kernel, values } = this.#o
    const { id, mac } = primary
    const tcpEarlyDemux = !values.DISABLE_TCP_EARLY_DEMUX
    setUpPrimary(kernel, { id, mac, mtu: values.AWS_VPC_ENI_MTU, tcpEarlyDemux })
  }

  #policy(primary: NodeInterface, vpcCIDRs: string[]): TrafficPolicy {
    const { kernel, values } = this.#o
    return {
      vpcCIDRs,
      excludedCIDRs: values.AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS,
      externalServiceCIDRs: values.AWS_EXTERNAL_SERVICE_CIDRS,
      externalSNAT: values.AWS_VPC_K8S_CNI_EXTERNALSNAT,
      randomize: values.AWS_VPC_K8S_CNI_RANDOMIZESNAT,
      nodePort: values.AWS_VPC_CNI_NODE_PORT_SUPPORT,
      connmark: values.AWS_VPC_K8S_CNI_CONNMARK,
      vethPrefix: values.AWS_VPC_K8S_CNI_VETHPREFIX,
      primaryLink: findLinkByMac(kernel.host, primary.mac)?.name ?? "",
      nodeAddress: primary.primaryAddress,
    }
  }
}

/** What of a status the rules depend on. */
const factsOf = (status: NodeNetworkStatus | undefined) => ({
  cidrs: status?.vpc?.cidrs,
  primary: status?.interfaces.find((i) => i.primary),
})
