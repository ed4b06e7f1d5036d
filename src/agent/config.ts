import type { NodeMode, WarmTargets } from "../api/nodenetwork.ts"
import { fail } from "../errors/catalogue.ts"
import { nearest } from "../errors/nearest.ts"
import { environment, type Values } from "./environment/environment.ts"
import type { Variable } from "./environment/variable.ts"

/** What the environment of DaemonSet aws-node asks for, in the agent's terms. */
export interface AgentConfig {
  nodeName: string
  mode: NodeMode
  /** maxPods is the node's, and added where the spec is written. */
  targets: Omit<WarmTargets, "maxPods">
  cooldownMs: number
  values: Values
}

/** A variable that was set and is not acted on as written: logged, and shown as an event on the node. */
export interface Notice {
  variable: string
  received: string
  message: string
}

interface Problem {
  variable: string
  expected: string
  received: string
  hint: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the environment once. Throws agent/bad-environment with every problem, so that one look is enough. */
export function readConfig(env: Environment): { config: AgentConfig; notices: Notice[] } {
  const { values, notices, problems } = readValues(env)
  if (values.MY_NODE_NAME === "") {
    const hint = "The DaemonSet sets it from the field spec.nodeName."
    problems.push({ variable: "MY_NODE_NAME", expected: "the node's name", received: "", hint })
  }
  if (problems.length > 0) {
    throw fail("agent/bad-environment", {
      problems: problems.map((p) =>
        `${p.variable}="${p.received}": expected ${p.expected}. ${p.hint}`.trim(),
      ),
    })
  }
  return { config: toConfig(values), notices: [...notices, ...misspelt(env)] }
}

function readValues(env: Environment) {
  const notices: Notice[] = []
  const problems: Problem[] = []
  const read = (name: string, v: Variable<unknown>): unknown => {
    const received = env[name]?.trim() ?? ""
    if (received === "") return v.initial
    const value = v.parse(received)
    if (value === undefined && v.onInvalid === "refuse") {
      problems.push({ variable: name, expected: v.expects, received, hint: v.notServed ?? "" })
    } else if (value === undefined) {
      const message = `expected ${v.expects}; the default (${v.default || "not set"}) is used`
      notices.push({ variable: name, received, message })
    } else if (v.notServed !== undefined && value !== v.initial) {
      notices.push({ variable: name, received, message: `not served: ${v.notServed}` })
    }
    return value ?? v.initial
  }
  const values = Object.fromEntries(Object.entries(environment).map(([n, v]) => [n, read(n, v)]))
  return { values: values as Values, notices, problems }
}

function toConfig(values: Values): AgentConfig {
  const tags = values.ADDITIONAL_ENI_TAGS
  return {
    nodeName: values.MY_NODE_NAME,
    mode: {
      customNetworking: values.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
      subnetDiscovery: values.ENABLE_SUBNET_DISCOVERY,
      ...(values.ENABLE_POD_ENI && { podENI: true }),
      prefixDelegation: values.ENABLE_PREFIX_DELEGATION,
      provisioning: !values.DISABLE_NETWORK_RESOURCE_PROVISIONING && !values.ENABLE_IMDS_ONLY_MODE,
      manageUntagged: values.MANAGE_UNTAGGED_ENI,
      manageWhenUnschedulable: values.AWS_MANAGE_ENIS_NON_SCHEDULABLE,
      annotationKey: values.ENI_CONFIG_ANNOTATION_DEF,
      labelKey: values.ENI_CONFIG_LABEL_DEF,
      ...(Object.keys(tags).length > 0 ? { additionalTags: tags } : {}),
      ...(values.CLUSTER_NAME ? { clusterName: values.CLUSTER_NAME } : {}),
    },
    targets: toTargets(values),
    cooldownMs: values.IP_COOLDOWN_PERIOD * 1000,
    values,
  }
}

/** Zero means "no such target" for all but WARM_ENI_TARGET, where it means none in reserve. */
function toTargets(values: Values): AgentConfig["targets"] {
  const { WARM_ENI_TARGET: warmENI, MAX_ENI: maxENI = 0 } = values
  return {
    ...(warmENI === undefined ? {} : { warmENI }),
    ...(values.WARM_IP_TARGET ? { warmIP: values.WARM_IP_TARGET } : {}),
    ...(values.MINIMUM_IP_TARGET ? { minimumIP: values.MINIMUM_IP_TARGET } : {}),
    ...(values.WARM_PREFIX_TARGET === undefined ? {} : { warmPrefix: values.WARM_PREFIX_TARGET }),
    ...(maxENI >= 1 ? { maxENI } : {}),
  }
}

const ours = /^(?:AWS_VPC_|WARM_|MINIMUM_IP|ENI_CONFIG_|BERTH_)/
/** What the kubelet adds for every Service, such as BERTH_CONTROLLER_SERVICE_HOST. */
const serviceLink = /_SERVICE_(?:HOST|PORT)|_PORT(?:_|$)/

/** A name that looks like one of the table but is none: usually a typing error that would go unseen. */
function misspelt(env: Environment): Notice[] {
  return Object.keys(env)
    .filter((name) => ours.test(name) && !serviceLink.test(name) && !(name in environment))
    .map((name) => {
      const [likely] = nearest(name, Object.keys(environment), 1)
      const meant = likely === undefined ? "" : `; did you mean ${likely}?`
      return { variable: name, received: env[name] ?? "", message: `unknown variable${meant}` }
    })
}
