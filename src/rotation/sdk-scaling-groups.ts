import type { AutoScalingClientConfig, AutoScalingGroup } from "@aws-sdk/client-auto-scaling"
import { ec2Error } from "../ec2/errors.ts"
import { awsErrorOf } from "../ec2/sdk/sdk-error.ts"
import { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"
import { type Before, memoOf, readMemo } from "./group-memo.ts"
import type { ScalingGroups } from "./rotation-ports.ts"

/** Tag of a scaling group that a rotation has changed: what to give back, so that any process can. */
const memoTag = "berth.dev/before-rotation"
/** While a group is larger than usual, this would end nodes without draining them. */
const rebalancing = "AZRebalance"

export interface SdkScalingGroupsOptions {
  readonly region: string
  readonly endpoint?: string
  /** Default: the SDK's credential chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Auto Scaling groups, those of managed node groups among them, through the SDK. Clients are loaded when first used. */
export function sdkScalingGroups(options: SdkScalingGroupsOptions): ScalingGroups {
  const config: AutoScalingClientConfig = {
    ...options,
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 30_000 },
  }
  const clients = lazyClients(config)
  /** Names seen so far: describing by name costs one call however many groups an account has. */
  const names = new Set<string>()
  /** Instances without a group: a group's own are its from the start, so they need not be asked about again. */
  const plain = new Set<string>()

  const describe = (wanted: readonly string[]) =>
    call("DescribeAutoScalingGroups", async () => {
      if (wanted.length === 0) return []
      const { sdk, client } = await clients.scaling()
      const groups: AutoScalingGroup[] = []
      const query = { AutoScalingGroupNames: [...wanted] }
      for await (const page of sdk.paginateDescribeAutoScalingGroups({ client }, query))
        groups.push(...(page.AutoScalingGroups ?? []))
      return groups
    })

  const one = async (name: string) => {
    const [group] = await describe([name])
    if (group === undefined) throw fail("rotation/group-gone", { group: name })
    return group
  }

  return {
    async groupsOf(instanceIds) {
      const found = membersOf(await describe([...names]))
      const unknown = instanceIds.filter((id) => !found.has(id) && !plain.has(id))
      const fresh = await discover(clients, unknown)
      for (const name of fresh) names.add(name)
      const members = fresh.length === 0 ? found : membersOf(await describe([...names]))
      for (const id of unknown) if (!members.has(id)) plain.add(id)
      return members
    },
    async scale(name, atLeast) {
      const group = await one(name)
      await prepare(clients, group)
      if ((group.MaxSize ?? 0) < atLeast) await setMaxSize(clients, group, atLeast)
      if ((group.DesiredCapacity ?? 0) >= atLeast) return
      await call("SetDesiredCapacity", async () => {
        const { sdk, client } = await clients.scaling()
        const size = { AutoScalingGroupName: name, DesiredCapacity: atLeast, HonorCooldown: false }
        await client.send(new sdk.SetDesiredCapacityCommand(size))
      })
    },
    async terminate(id, group, keepSize = false) {
      if (group === undefined) return terminatePlain(clients, id)
      // Ending an instance that is on its way out already would lower the wanted size a second time.
      const [found] = await describe([group])
      const member = found?.Instances?.find((i) => i.InstanceId === id)
      if (member === undefined || member.LifecycleState?.startsWith("Terminat")) return
      await call("TerminateInstanceInAutoScalingGroup", async () => {
        const { sdk, client } = await clients.scaling()
        const end = { InstanceId: id, ShouldDecrementDesiredCapacity: !keepSize }
        await client.send(new sdk.TerminateInstanceInAutoScalingGroupCommand(end))
      }).catch(goneIsSuccess)
    },
    async restore(name) {
      const [group] = await describe([name])
      const before = group && readMemo(tagOf(group))
      if (group === undefined || before === undefined) return
      await restore(clients, group, before)
    },
    trouble: (name) =>
      call("DescribeScalingActivities", async () => {
        const { sdk, client } = await clients.scaling()
        const query = { AutoScalingGroupName: name, MaxRecords: 1 }
        const { Activities } = await client.send(new sdk.DescribeScalingActivitiesCommand(query))
        const [last] = Activities ?? []
        return last?.StatusCode === "Failed" ? last.StatusMessage : undefined
      }),
  }
}

type Clients = ReturnType<typeof lazyClients>

function lazyClients(config: AutoScalingClientConfig) {
  const once = <T>(make: () => Promise<T>) => {
    let made: Promise<T> | undefined
    return () => {
      made ??= make()
      return made
    }
  }
  return {
    scaling: once(async () => {
      const sdk = await import("@aws-sdk/client-auto-scaling")
      return { sdk, client: new sdk.AutoScalingClient(config) }
    }),
    eks: once(async () => {
      const sdk = await import("@aws-sdk/client-eks")
      return { sdk, client: new sdk.EKSClient(config) }
    }),
    ec2: once(async () => {
      const sdk = await import("@aws-sdk/client-ec2")
      return { sdk, client: new sdk.EC2Client(config) }
    }),
  }
}

/** Puts what AWS answers into the catalogue's words. */
async function call<T>(action: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (error instanceof BerthError) throw error
    const raw = awsErrorOf(error)
    const known = ec2Error(action, raw)
    if (known.code === "ec2/unauthorized") throw fail("rotation/unauthorized", { action }, error)
    if (known.code === "ec2/credentials") throw known
    throw fail("rotation/refused", { action, ...raw }, error)
  }
}

function membersOf(groups: readonly AutoScalingGroup[]): Map<string, string> {
  const members = groups.flatMap((g) =>
    (g.Instances ?? []).flatMap((i) =>
      i.InstanceId === undefined ? [] : [[i.InstanceId, g.AutoScalingGroupName ?? ""] as const],
    ),
  )
  return new Map(members)
}

/** Instances that DescribeAutoScalingInstances takes at once. */
const idsMost = 50

async function discover(clients: Clients, ids: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (let at = 0; at < ids.length; at += idsMost) {
    await call("DescribeAutoScalingInstances", async () => {
      const { sdk, client } = await clients.scaling()
      const query = { InstanceIds: ids.slice(at, at + idsMost) }
      const answer = await client.send(new sdk.DescribeAutoScalingInstancesCommand(query))
      for (const i of answer.AutoScalingInstances ?? [])
        if (i.AutoScalingGroupName) found.add(i.AutoScalingGroupName)
    })
  }
  return [...found]
}

const tagOf = (group: AutoScalingGroup) => group.Tags?.find((t) => t.Key === memoTag)?.Value

/** Notes how the group is, then stops what would end nodes behind the rotation's back. */
async function prepare(clients: Clients, group: AutoScalingGroup): Promise<void> {
  if (tagOf(group) !== undefined) return
  const name = group.AutoScalingGroupName ?? ""
  const suspended = group.SuspendedProcesses?.some((p) => p.ProcessName === rebalancing) ?? false
  const before: Before = { max: group.MaxSize ?? 0, resume: suspended ? [] : [rebalancing] }
  await call("CreateOrUpdateTags", async () => {
    const { sdk, client } = await clients.scaling()
    await client.send(new sdk.CreateOrUpdateTagsCommand({ Tags: [memo(name, memoOf(before))] }))
  })
  if (suspended) return
  await call("SuspendProcesses", async () => {
    const { sdk, client } = await clients.scaling()
    const what = { AutoScalingGroupName: name, ScalingProcesses: [rebalancing] }
    await client.send(new sdk.SuspendProcessesCommand(what))
  })
}

const memo = (group: string, value: string) => ({
  ResourceId: group,
  ResourceType: "auto-scaling-group",
  Key: memoTag,
  Value: value,
  PropagateAtLaunch: false,
})

async function restore(clients: Clients, group: AutoScalingGroup, before: Before): Promise<void> {
  const name = group.AutoScalingGroupName ?? ""
  if (before.resume.length > 0) {
    await call("ResumeProcesses", async () => {
      const { sdk, client } = await clients.scaling()
      const what = { AutoScalingGroupName: name, ScalingProcesses: [...before.resume] }
      await client.send(new sdk.ResumeProcessesCommand(what))
    })
  }
  // A limit below the wanted size would end a node: it stays where an undo has left a node more.
  if (group.MaxSize !== before.max && (group.DesiredCapacity ?? 0) <= before.max)
    await setMaxSize(clients, group, before.max)
  await call("DeleteTags", async () => {
    const { sdk, client } = await clients.scaling()
    await client.send(new sdk.DeleteTagsCommand({ Tags: [memo(name, memoOf(before))] }))
  })
}

/** The limit of a managed node group is EKS's to change: it would set its own back. */
async function setMaxSize(clients: Clients, group: AutoScalingGroup, max: number): Promise<void> {
  const tag = (key: string) => group.Tags?.find((t) => t.Key === key)?.Value
  const [clusterName, nodegroupName] = [tag("eks:cluster-name"), tag("eks:nodegroup-name")]
  if (clusterName !== undefined && nodegroupName !== undefined) {
    await call("UpdateNodegroupConfig", async () => {
      const { sdk, client } = await clients.eks()
      const scalingConfig = { maxSize: max }
      await client.send(
        new sdk.UpdateNodegroupConfigCommand({ clusterName, nodegroupName, scalingConfig }),
      )
    })
    return
  }
  await call("UpdateAutoScalingGroup", async () => {
    const { sdk, client } = await clients.scaling()
    const size = { AutoScalingGroupName: group.AutoScalingGroupName ?? "", MaxSize: max }
    await client.send(new sdk.UpdateAutoScalingGroupCommand(size))
  })
}

async function terminatePlain(clients: Clients, id: string): Promise<void> {
  await call("TerminateInstances", async () => {
    const { sdk, client } = await clients.ec2()
    await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }))
  }).catch(goneIsSuccess)
}

function goneIsSuccess(error: unknown): void {
  const { detail } = error as { detail?: { code?: string; message?: string } }
  const gone =
    detail?.code === "InvalidInstanceID.NotFound" ||
    (detail?.code === "ValidationError" &&
      /not found|not in.*(?:InService|Pending)/i.test(detail.message ?? ""))
  if (!gone) throw error
}
