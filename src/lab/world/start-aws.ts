import type { Clock } from "../../clock.ts"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { policy } from "../../fleet/iam/policies.ts"
import { AutoScaling } from "../aws/autoscaling/auto-scaling.ts"
import { createAwsServer } from "../aws/aws-server.ts"
import { adoptNodeGroups } from "../aws/eks/adopt-node-groups.ts"
import { Eks } from "../aws/eks/eks.ts"
import { Roles } from "../aws/iam/roles.ts"
import type { Scenario } from "../scenario.ts"
import type { Kubernetes } from "./kubernetes.ts"
import { nodeHooks } from "./node-hooks.ts"
import { serveHttp } from "./serve-http.ts"
import { vpcCniAddon } from "./vpc-cni-addon.ts"

export interface AwsInput {
  readonly scenario: Scenario
  readonly cloud: Cloud
  readonly kubernetes: Pick<Kubernetes, "kube" | "facts">
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Of Kubernetes, such as v1.35.0. */
  readonly version: string
  /** Where nodes reach it; port 0 lets the system choose. */
  readonly inside: { readonly host: string; readonly port: number }
  /** Where the launcher's relay reaches it. */
  readonly socket: string
}

/** From a change of size until Auto Scaling acts. */
const scaleMs = 1000

/** What the controller signs with: its role's session, as IRSA or Pod Identity would give it. */
export const controllerKey = "controller"
const controllerRole = "berth-controller"

/**
 * The lab's AWS: EC2, Auto Scaling, EKS, IAM and STS on one address. The instances of the scenario become managed node
 * groups, which start and end nodes as in an account.
 */
export async function startAws(input: AwsInput): Promise<AsyncDisposable & { port: number }> {
  const { scenario, cloud, inside } = input
  await using undo = new AsyncDisposableStack()
  const groups = undo.use(
    new AutoScaling({ cloud, scaleMs: scenario.latency.other === 0 ? 0 : scaleMs }),
  )
  const eks = undo.use(startEks(input, groups))
  adoptNodeGroups(eks)
  if (scenario.addon !== undefined) eks.installAddon("vpc-cni", scenario.addon)
  const roles = startRoles(cloud)
  const service = { handler: createAwsServer({ cloud, groups, eks, roles }) }
  const { port } = undo.use(await serveHttp(service, inside))
  undo.use(await serveHttp(service, { path: input.socket }))
  const owned = undo.move()
  return { port, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** The controller may what `berth iam` says it needs, and no more. */
function startRoles(cloud: Cloud): Roles {
  const roles = new Roles(cloud.account)
  roles.add(controllerRole, controllerKey)
  roles.put(controllerRole, controllerRole, JSON.stringify(policy("controller", {})))
  roles.put(controllerRole, "berth-rotate", JSON.stringify(policy("rotate", {})))
  cloud.conduct.setJudge((key, action) => roles.refusal(key, action))
  return roles
}

function startEks(input: AwsInput, groups: AutoScaling): Eks {
  const { scenario, cloud, clock, signal, version, inside } = input
  const { kube, facts } = input.kubernetes
  return new Eks({
    ...{ cloud, groups, clock },
    cluster: {
      name: scenario.clusterName,
      version: /\d+\.\d+/.exec(version)?.[0] ?? version,
      endpoint: `https://${inside.host}:6443`,
      certificateAuthority: Buffer.from(facts.ca).toString("base64"),
      vpcId: scenario.vpc.id,
      subnetIds: [...new Set(scenario.instances.map((i) => i.subnetId))],
      clusterSecurityGroup: scenario.securityGroups[0]?.id ?? "",
      serviceCidr: "10.96.0.0/16",
    },
    hooks: nodeHooks(kube, clock, signal),
    applyAddon: vpcCniAddon(kube),
  })
}
