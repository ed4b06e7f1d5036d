import { Ec2Fault, missing } from "../../../ec2/memory/fault.ts"
import { templateOf } from "../../../ec2/memory/launch-templates.ts"
import { type Action, action, type Scene } from "../ec2/action.ts"
import { flag, given, ignored, integer, list, object, type Read, required, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
import type { AutoScaling } from "./auto-scaling.ts"
import {
  type Activity,
  groupTag,
  type Member,
  type ScalingGroup,
  validation,
} from "./scaling-group.ts"

const template = object({ LaunchTemplateId: text, LaunchTemplateName: text, Version: text })
const tagFields = object({
  Key: required(text),
  Value: text,
  PropagateAtLaunch: flag,
  ResourceId: text,
  ResourceType: ignored,
})
const filters = list(object({ Name: required(text), Values: list(text) }))
const groupName = { AutoScalingGroupName: required(text) }

const sizeFields = {
  MinSize: integer,
  MaxSize: integer,
  DesiredCapacity: integer,
  LaunchTemplate: template,
  VPCZoneIdentifier: text,
  NewInstancesProtectedFromScaleIn: flag,
  DefaultCooldown: ignored,
  AvailabilityZones: ignored,
  HealthCheckType: ignored,
  HealthCheckGracePeriod: ignored,
  TerminationPolicies: ignored,
  CapacityRebalance: ignored,
}

const arnOf = (group: ScalingGroup, { cloud }: Scene) =>
  `arn:aws:autoscaling:${cloud.region}:${cloud.account}:autoScalingGroup:00000000-0000-0000-0000-000000000000:autoScalingGroupName/${group.name}`

function showMember(member: Member, group: ScalingGroup, scene: Scene): XmlObject {
  const { id, name } = templateOf(scene.core, { id: group.launchTemplate.id })
  return {
    InstanceId: member.id,
    InstanceType: member.type,
    AvailabilityZone: member.zone,
    LifecycleState: member.state,
    HealthStatus: "Healthy",
    LaunchTemplate: { LaunchTemplateId: id, LaunchTemplateName: name, Version: member.version },
    ProtectedFromScaleIn: group.protectedIds.includes(member.id),
  }
}

function showGroup(group: ScalingGroup, members: readonly Member[], scene: Scene): XmlObject {
  const { id, name } = templateOf(scene.core, { id: group.launchTemplate.id })
  const zones = group.subnetIds.flatMap((s) => scene.core.tables.subnet.get(s)?.zone ?? [])
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: arnOf(group, scene),
    LaunchTemplate: {
      LaunchTemplateId: id,
      LaunchTemplateName: name,
      Version: group.launchTemplate.version,
    },
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: [...new Set(zones)],
    HealthCheckType: "EC2",
    HealthCheckGracePeriod: 300,
    Instances: members.map((m) => showMember(m, group, scene)),
    CreatedTime: new Date(group.createdAt),
    SuspendedProcesses: group.suspended.map((ProcessName) => ({
      ProcessName,
      SuspensionReason: "User suspended",
    })),
    VPCZoneIdentifier: group.subnetIds.join(","),
    Tags: group.tags.map((t) => ({
      ResourceId: group.name,
      ResourceType: "auto-scaling-group",
      Key: t.key,
      Value: t.value,
      PropagateAtLaunch: t.propagate,
    })),
    TerminationPolicies: ["Default"],
    NewInstancesProtectedFromScaleIn: group.protectNew,
  }
}

const showActivity = (a: Activity): XmlObject => ({
  ActivityId: a.id,
  AutoScalingGroupName: a.group,
  Description: a.description,
  Cause: a.cause,
  StartTime: new Date(a.startedAt),
  EndTime: new Date(a.endedAt),
  StatusCode: a.status,
  StatusMessage: a.message,
  Progress: 100,
})

/** Whether a group has the tags that `tag:KEY`, `tag-key` and `tag-value` filters ask for. */
function matches(
  group: ScalingGroup,
  wanted: readonly { Name: string; Values?: readonly string[] }[],
) {
  return wanted.every(({ Name, Values = [] }) =>
    group.tags.some(
      (t) =>
        (Name === `tag:${t.key}` && Values.includes(t.value)) ||
        (Name === "tag-key" && Values.includes(t.key)) ||
        (Name === "tag-value" && Values.includes(t.value)),
    ),
  )
}

const templateRef = (p: Read<typeof sizeFields>["LaunchTemplate"], scene: Scene) =>
  p && {
    id: templateOf(scene.core, given({ id: p.LaunchTemplateId, name: p.LaunchTemplateName })).id,
    version: p.Version ?? "$Default",
  }

/** All processes that can be suspended; naming none means all. */
const processes = [
  "Launch",
  "Terminate",
  "AddToLoadBalancer",
  "AlarmNotification",
  "AZRebalance",
  "HealthCheck",
  "InstanceRefresh",
  "ReplaceUnhealthy",
  "ScheduledActions",
]

const nothing: XmlObject = {}

/** Actions of Auto Scaling, API version 2011-01-01. */
export const autoScalingActions = (groups: AutoScaling): Readonly<Record<string, Action>> => ({
  DescribeAutoScalingGroups: action({
    in: {
      AutoScalingGroupNames: list(text),
      Filters: filters,
      MaxRecords: ignored,
      NextToken: ignored,
      IncludeInstances: ignored,
    },
    run: (scene, p) => ({
      AutoScalingGroups: groups
        .all()
        .filter((g) => p.AutoScalingGroupNames?.includes(g.name) ?? true)
        .filter((g) => matches(g, p.Filters ?? []))
        .map((g) => showGroup(g, groups.members(g.name), scene)),
    }),
  }),

  DescribeAutoScalingInstances: action({
    in: { InstanceIds: list(text), MaxRecords: ignored, NextToken: ignored },
    run: (scene, p) => ({
      AutoScalingInstances: groups.all().flatMap((group) =>
        groups
          .members(group.name)
          .filter((m) => p.InstanceIds?.includes(m.id) ?? true)
          .map((m) => ({
            ...showMember(m, group, scene),
            AutoScalingGroupName: group.name,
            HealthStatus: "HEALTHY",
          })),
      ),
    }),
  }),

  CreateAutoScalingGroup: action({
    in: { ...groupName, ...sizeFields, Tags: list(tagFields) },
    run: (scene, p) => {
      const name = p.AutoScalingGroupName
      if (groups.all().some((g) => g.name === name))
        throw new Ec2Fault(
          "AlreadyExists",
          `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`,
        )
      const launchTemplate = templateRef(p.LaunchTemplate, scene)
      if (!launchTemplate) throw missing("LaunchTemplate")
      const { MinSize: min = 0, MaxSize: max = 0 } = p
      groups.put({
        name,
        min,
        max,
        desired: p.DesiredCapacity ?? min,
        subnetIds: splitIds(p.VPCZoneIdentifier ?? ""),
        launchTemplate,
        protectedIds: [],
        protectNew: p.NewInstancesProtectedFromScaleIn ?? false,
        suspended: [],
        tags: (p.Tags ?? []).map((t) => ({
          key: t.Key,
          value: t.Value ?? "",
          propagate: t.PropagateAtLaunch ?? true,
        })),
        createdAt: scene.core.now(),
      })
      return nothing
    },
  }),

  UpdateAutoScalingGroup: action({
    in: { ...groupName, ...sizeFields },
    run: (scene, p) => {
      const group = groups.get(p.AutoScalingGroupName)
      const min = p.MinSize ?? group.min
      const max = p.MaxSize ?? group.max
      groups.put({
        ...group,
        ...given({
          launchTemplate: templateRef(p.LaunchTemplate, scene),
          subnetIds: p.VPCZoneIdentifier === undefined ? undefined : splitIds(p.VPCZoneIdentifier),
          protectNew: p.NewInstancesProtectedFromScaleIn,
        }),
        min,
        max,
        // A bound that passes the wanted size takes it along.
        desired: p.DesiredCapacity ?? Math.min(max, Math.max(min, group.desired)),
      })
      return nothing
    },
  }),

  DeleteAutoScalingGroup: action({
    in: { ...groupName, ForceDelete: flag },
    run: (_, p) => {
      groups.delete(p.AutoScalingGroupName, p.ForceDelete ?? false)
      return nothing
    },
  }),

  SetDesiredCapacity: action({
    in: { ...groupName, DesiredCapacity: required(integer), HonorCooldown: ignored },
    run: (_, p) => {
      const group = groups.get(p.AutoScalingGroupName)
      const wanted = p.DesiredCapacity
      const off = (side: string, value: number) =>
        validation(
          `New SetDesiredCapacity value ${wanted} is ${side} value ${value} for the AutoScalingGroup.`,
        )
      if (wanted > group.max) throw off("above max", group.max)
      if (wanted < group.min) throw off("below min", group.min)
      groups.put({ ...group, desired: wanted })
      return nothing
    },
  }),

  TerminateInstanceInAutoScalingGroup: action({
    in: { InstanceId: required(text), ShouldDecrementDesiredCapacity: required(flag) },
    run: (_, p) => ({
      Activity: showActivity(groups.terminate(p.InstanceId, p.ShouldDecrementDesiredCapacity)),
    }),
  }),

  SetInstanceProtection: action({
    in: { ...groupName, InstanceIds: required(list(text)), ProtectedFromScaleIn: required(flag) },
    run: ({ core }, p) => {
      const group = groups.get(p.AutoScalingGroupName)
      for (const id of p.InstanceIds)
        if (core.tables.instance.get(id)?.tags[groupTag] !== group.name)
          throw validation(`The instance ${id} is not part of Auto Scaling group ${group.name}.`)
      const others = group.protectedIds.filter((id) => !p.InstanceIds.includes(id))
      const protectedIds = p.ProtectedFromScaleIn ? [...others, ...p.InstanceIds] : others
      groups.put({ ...group, protectedIds })
      return nothing
    },
  }),

  SuspendProcesses: action({
    in: { ...groupName, ScalingProcesses: list(text) },
    run: (_, p) => {
      const group = groups.get(p.AutoScalingGroupName)
      const named = p.ScalingProcesses ?? processes
      groups.put({ ...group, suspended: [...new Set([...group.suspended, ...named])] })
      return nothing
    },
  }),

  ResumeProcesses: action({
    in: { ...groupName, ScalingProcesses: list(text) },
    run: (_, p) => {
      const group = groups.get(p.AutoScalingGroupName)
      const named = p.ScalingProcesses ?? processes
      groups.put({ ...group, suspended: group.suspended.filter((s) => !named.includes(s)) })
      return nothing
    },
  }),

  DescribeScalingActivities: action({
    in: { AutoScalingGroupName: text, MaxRecords: ignored, NextToken: ignored },
    run: (_, p) => ({ Activities: groups.activities(p.AutoScalingGroupName).map(showActivity) }),
  }),

  CreateOrUpdateTags: action({
    in: { Tags: required(list(tagFields)) },
    run: (_, p) => {
      for (const tag of p.Tags) {
        const group = groups.get(tag.ResourceId ?? "")
        const set = {
          key: tag.Key,
          value: tag.Value ?? "",
          propagate: tag.PropagateAtLaunch ?? true,
        }
        groups.put({ ...group, tags: [...group.tags.filter((t) => t.key !== tag.Key), set] })
      }
      return nothing
    },
  }),

  DeleteTags: action({
    in: { Tags: required(list(tagFields)) },
    run: (_, p) => {
      for (const tag of p.Tags) {
        const group = groups.get(tag.ResourceId ?? "")
        groups.put({ ...group, tags: group.tags.filter((t) => t.key !== tag.Key) })
      }
      return nothing
    },
  }),
})

const splitIds = (joined: string) =>
  joined
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "")
