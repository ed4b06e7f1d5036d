import { counter, createMetrics, gauge, histogram, type Metrics } from "../metrics/metrics.ts"

/** The controller's metrics. Calls to EC2 keep the original's names, so that its dashboards keep working. */
export const controllerMetricsTable = {
  awscni_ec2api_req_count: counter("EC2 calls, repetitions included, by action.", ["fn"]),
  awscni_ec2api_error_count: counter("EC2 calls that EC2 refused, by action.", ["fn"]),
  awscni_aws_api_latency_ms: histogram(
    "Time of EC2 calls from being sent to being answered, in milliseconds.",
    ["api", "error", "status"],
    { buckets: [10, 50, 100, 250, 500, 1000, 2500, 5000, 10000] },
  ),
  awscni_aws_api_error_count: counter(
    "EC2 calls that EC2 refused, by action and error code of the catalogue.",
    ["api", "error"],
  ),
  berth_ec2_wait_seconds: histogram("Time of EC2 calls in the call budget's queue.", ["priority"], {
    buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 15, 60],
  }),
  berth_ec2_budget_tokens: gauge("Calls of an action that the budget would let pass at once.", [
    "action",
  ]),
  berth_ec2_budget_waiting: gauge("EC2 calls in the call budget's queue.", ["priority"]),
  berth_controller_leader: gauge("1 while this process leads."),
  berth_controller_nodes: gauge("Nodes with a NodeNetwork."),
  berth_controller_queue_depth: gauge("Nodes that wait for a decision, due or not."),
  berth_controller_reconcile_seconds: histogram(
    "Time of one decision, by result.",
    ["what", "result"],
    {
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    },
  ),
  berth_controller_informer_synced: gauge("1 while the cache of a resource is current.", [
    "resource",
  ]),
  berth_controller_call_failures_total: counter(
    "EC2 calls that failed, by purpose and error code of the catalogue.",
    ["call", "code"],
  ),
  berth_controller_interfaces: gauge("Interfaces of all nodes, by state.", ["state"]),
  berth_controller_addresses: gauge("Pod addresses held in a subnet.", ["subnet"]),
  berth_controller_subnet_free: gauge("Free addresses of a subnet, as EC2 last said.", ["subnet"]),
  berth_controller_subnet_in_flight: gauge(
    "Addresses promised by calls that EC2 has not answered.",
    ["subnet"],
  ),
  berth_controller_leaked_interfaces: gauge("Interfaces found leaked and not freed yet."),
  berth_controller_leaked_interfaces_freed_total: counter("Leaked interfaces that were freed."),
} as const

export type ControllerMetrics = Metrics<typeof controllerMetricsTable>

export const controllerMetrics = (): ControllerMetrics => createMetrics(controllerMetricsTable)
