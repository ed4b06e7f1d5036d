import { missing } from "../../../ec2/memory/fault.ts"
import { instanceOf, runInstances, terminateInstances } from "../../../ec2/memory/instances.ts"
import { templateOf, versionOf } from "../../../ec2/memory/launch-templates.ts"
import type { CloudInstance, LaunchData } from "../../../ec2/memory/records.ts"
import { describeInstances, interfacesInOrder } from "../../../ec2/memory/views.ts"
import { given, ignored, integer, list, object, oneOf, required, text } from "../shape.ts"
import type { Xml, XmlObject } from "../xml.ts"
import { type Action, action, describe, type Scene, tagList } from "./action.ts"
import { showCommon } from "./interfaces.ts"
import { launchDataOf, launchFields, primaryInterface } from "./launch-data.ts"

/** Instance state codes of the EC2 API reference, "InstanceState". */
const stateCodes = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const

const showState = (name: CloudInstance["state"]): Xml => ({ code: stateCodes[name], name })

function showInstance(i: CloudInstance, scene: Scene): XmlObject {
  const gone = i.state === "terminated"
  const interfaces = interfacesInOrder(scene.views, i.id)
  const [primary] = interfaces
  return {
    instanceId: i.id,
    imageId: i.imageId,
    instanceState: showState(i.state),
    privateDnsName: gone
      ? ""
      : `ip-${i.privateAddress.replaceAll(".", "-")}.${scene.cloud.region}.compute.internal`,
    keyName: i.keyName,
    amiLaunchIndex: 0,
    instanceType: i.type,
    launchTime: new Date(i.launchedAt),
    placement: { availabilityZone: i.zone, tenancy: "default" },
    monitoring: { state: "disabled" },
    subnetId: gone ? undefined : i.subnetId,
    vpcId: gone ? undefined : i.vpcId,
    privateIpAddress: gone ? undefined : i.privateAddress,
    ipAddress: primary?.publicAddresses[i.privateAddress],
    sourceDestCheck: primary?.sourceDestCheck,
    groupSet: (primary?.securityGroups ?? []).map((groupId) => ({
      groupId,
      groupName: scene.core.tables.securityGroup.get(groupId)?.name ?? "",
    })),
    stateReason:
      i.stateReason === undefined ? undefined : { code: i.stateReason, message: i.stateReason },
    architecture: "x86_64",
    rootDeviceType: "ebs",
    virtualizationType: "hvm",
    hypervisor: "xen",
    tagSet: tagList(i.tags),
    networkInterfaceSet: interfaces.map((eni) => showCommon(eni, scene)),
    iamInstanceProfile:
      i.iamInstanceProfile === undefined
        ? undefined
        : { arn: i.iamInstanceProfile, id: `AIPA${i.id.slice(-16).toUpperCase()}` },
    metadataOptions: {
      state: "applied",
      httpTokens: "required",
      httpPutResponseHopLimit: i.hopLimit,
      httpEndpoint: "enabled",
    },
  }
}

/** Instances as EC2 lists them: by the request that started them. */
function reservations(instances: readonly CloudInstance[], scene: Scene): XmlObject[] {
  const byId = Map.groupBy(instances, (i) => i.reservationId)
  return [...byId].map(([reservationId, members]) => ({
    reservationId,
    ownerId: scene.cloud.account,
    groupSet: [],
    instancesSet: members.map((i) => showInstance(i, scene)),
  }))
}

/** What the named launch template says; the request itself wins over it. */
function templateData(
  { core }: Scene,
  named: { LaunchTemplateId?: string; LaunchTemplateName?: string; Version?: string } | undefined,
): LaunchData {
  if (named === undefined) return {}
  const template = templateOf(
    core,
    given({ id: named.LaunchTemplateId, name: named.LaunchTemplateName }),
  )
  return versionOf(template, named.Version).data
}

export const instanceActions: Readonly<Record<string, Action>> = {
  DescribeInstances: describe({
    ids: "InstanceId",
    set: "reservationSet",
    ignores: ["IncludeManagedResources"],
    read: describeInstances,
    show: showInstance,
    group: reservations,
  }),

  DescribeInstanceStatus: describe({
    ids: "InstanceId",
    set: "instanceStatusSet",
    ignores: ["IncludeAllInstances", "IncludeManagedResources"],
    read: (views, query) => describeInstances(views, query).filter((i) => i.state !== "terminated"),
    show: (i) => ({
      instanceId: i.id,
      availabilityZone: i.zone,
      instanceState: showState(i.state),
      instanceStatus: { status: i.state === "running" ? "ok" : "initializing" },
      systemStatus: { status: i.state === "running" ? "ok" : "initializing" },
    }),
  }),

  DescribeInstanceAttribute: action({
    in: {
      InstanceId: required(text),
      Attribute: required(oneOf("userData", "instanceType", "sourceDestCheck")),
    },
    run: ({ core, views }, p) => {
      const instance = instanceOf(core, p.InstanceId)
      const values = {
        userData: instance.userData,
        instanceType: instance.type,
        sourceDestCheck: interfacesInOrder(views, instance.id)[0]?.sourceDestCheck,
      }
      const value = values[p.Attribute]
      return { instanceId: instance.id, [p.Attribute]: value === undefined ? {} : { value } }
    },
  }),

  RunInstances: action({
    in: {
      ...launchFields,
      MinCount: required(integer),
      MaxCount: required(integer),
      SubnetId: text,
      PrivateIpAddress: text,
      LaunchTemplate: object({ LaunchTemplateId: text, LaunchTemplateName: text, Version: text }),
      ClientToken: text,
    },
    run: (scene, p) => {
      const nic = primaryInterface(p)
      const subnetId = nic?.SubnetId ?? p.SubnetId
      if (subnetId === undefined) throw missing("SubnetId")
      const instances = runInstances(
        scene.core,
        given({
          type: "m5.large",
          ...templateData(scene, p.LaunchTemplate),
          ...launchDataOf(p, scene),
          count: p.MaxCount,
          subnetId,
          privateAddress: nic?.PrivateIpAddress ?? p.PrivateIpAddress,
          clientToken: p.ClientToken,
        }),
      )
      const [reservation] = reservations(instances, { ...scene, views: scene.core.tables })
      return reservation ?? {}
    },
  }),

  TerminateInstances: action({
    in: { InstanceId: required(list(text)), Force: ignored, SkipOsShutdown: ignored },
    run: ({ core }, p) => ({
      instancesSet: terminateInstances(core, { ids: p.InstanceId }).map((change) => ({
        instanceId: change.id,
        currentState: showState(change.after),
        previousState: showState(change.before),
      })),
    }),
  }),
}
