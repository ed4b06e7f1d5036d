import { counter, createMetrics, gauge, histogram, type Metrics } from "../metrics/metrics.ts"

const secondsOfAdd = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5]
const secondsOfStart = [0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120]
const secondsOfWait = [0.01, 0.1, 0.5, 1, 2, 3, 5, 10, 20]

/** The agent's metrics: the original's names where one exists, so that its dashboards keep working. */
export const agentMetricsTable = {
  awscni_build_info: gauge("Always 1.", ["version", "goversion"]),
  awscni_eni_max: gauge("ENIs that may be attached, unmanaged ones not counted."),
  awscni_ip_max: gauge("Pod addresses that those ENIs can hold."),
  awscni_eni_allocated: gauge("ENIs in use."),
  awscni_total_ip_addresses: gauge("Pod addresses on the node's ENIs."),
  awscni_assigned_ip_addresses: gauge("Pod addresses that pods hold."),
  awscni_total_ipv4_prefixes: gauge("Delegated prefixes on the node's ENIs."),
  awscni_assigned_ip_per_eni: gauge("Addresses that pods hold, by ENI.", ["eni"]),
  awscni_assigned_ip_per_cidr: gauge("Addresses that pods hold, by prefix.", ["cidr"]),
  awscni_add_ip_req_count: counter("CNI ADD calls."),
  awscni_del_ip_req_count: counter("Addresses given back, by reason.", ["reason"]),
  awscni_no_available_ip_addresses: counter("CNI ADD calls that ended without an address."),
  awscni_force_removed_ips: counter("Addresses of running pods that no ENI has any more."),
  awscni_reconcile_count: counter(
    "ENIs that came (eniReconcileAdd) and went (eniReconcileDel) as NodeNetwork.status says.",
    ["fn"],
  ),
  awscni_ipamd_node_initialization_duration_seconds: histogram(
    "Time from the agent's start until pods could be attached.",
    ["success"],
    { buckets: secondsOfStart },
  ),
  awscni_connmark_backend: gauge("Always 1.", ["backend"]),
  awscni_connmark_reconcile_total: counter(
    "Comparisons of the node's traffic rules with what should be there, by result.",
    ["result"],
  ),
  berth_cni_calls_total: counter("CNI calls, by command and error code of the catalogue.", [
    "command",
    "code",
  ]),
  berth_cni_add_stage_seconds: histogram(
    "Time of the stages of an ADD that succeeded: assign, wire, save.",
    ["stage"],
    { buckets: secondsOfAdd },
  ),
  berth_cni_add_wait_seconds: histogram(
    "Time that ADDs stood in line for supply; those that did not are not counted.",
    [],
    { buckets: secondsOfWait },
  ),
  berth_cni_waiting: gauge("CNI ADD calls in line for supply."),
  berth_addresses: gauge("Addresses of the node.", ["placement", "subnet", "state"]),
  berth_pods_waiting: gauge("Pods bound to the node that have no address.", ["placement"]),
  berth_ready: gauge("1 while the node can give a pod an address."),
  berth_orphans_total: counter("Attachments freed because their namespace was gone."),
  berth_kernel_repairs_total: counter("Rules and links put back after something removed them.", [
    "what",
  ]),
  berth_spec_writes_total: counter("Writes of NodeNetwork.spec.", ["result"]),
  berth_events_total: counter("Kubernetes events written.", ["reason", "result"]),
}

export type AgentMetrics = Metrics<typeof agentMetricsTable>

export const agentMetrics = (): AgentMetrics => createMetrics(agentMetricsTable)
