import { createLaunchTemplate } from "../../../ec2/memory/launch-templates.ts"
import type { CloudInstance } from "../../../ec2/memory/records.ts"
import { interfacesInOrder } from "../../../ec2/memory/views.ts"
import { groupTag } from "../autoscaling/scaling-group.ts"
import type { Eks } from "./eks.ts"
import { makeNodeGroup, nodeGroupTag, scalingGroupName } from "./make-node-group.ts"

/**
 * Makes a managed node group of the running instances that carry its tag but belong to no Auto Scaling group yet, with a
 * launch template that starts more of the same. For scenes that begin with running nodes.
 */
export function adoptNodeGroups(eks: Eks): void {
  const running = [...eks.cloud.core.tables.instance.all()].filter(
    (i) => i.tags[groupTag] === undefined && i.state !== "terminated",
  )
  const byGroup = Map.groupBy(running, (i) => i.tags[nodeGroupTag])
  for (const [name, instances] of byGroup) if (name !== undefined) adopt(eks, name, instances)
}

function adopt(eks: Eks, name: string, instances: readonly CloudInstance[]): void {
  const [model] = instances
  if (model === undefined) return
  const { core } = eks.cloud
  const [primary] = interfacesInOrder(core.tables, model.id)
  const template = createLaunchTemplate(core, {
    name: `eks-${name}`,
    data: {
      type: model.type,
      imageId: model.imageId,
      securityGroups: primary?.securityGroups ?? [],
      ...(model.userData !== undefined && { userData: model.userData }),
      ...(model.iamInstanceProfile !== undefined && {
        iamInstanceProfile: model.iamInstanceProfile,
      }),
      tags: model.tags,
    },
  })
  const scalingGroup = scalingGroupName(name, template.id)
  for (const instance of instances)
    core.tables.instance.put({ ...instance, tags: { ...instance.tags, [groupTag]: scalingGroup } })
  makeNodeGroup(eks, {
    name,
    template: { id: template.id, name: template.name, version: "1" },
    amiType: "CUSTOM",
    releaseVersion: model.imageId,
    size: { min: 0, max: Math.max(10, instances.length * 2), desired: instances.length },
    subnetIds: [...new Set(instances.map((i) => i.subnetId))],
  })
}
