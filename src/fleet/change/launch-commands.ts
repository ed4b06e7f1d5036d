import type { Examination } from "../doctor/examination.ts"
import type { AutoScalingGroupFacts } from "../snapshot.ts"
import type { MaxPodsChange } from "./change-plan.ts"

/**
 * Commands that give new nodes another max-pods: the script, a new version of each launch template that starts nodes of
 * the type, and what makes the group use it. EKS takes a template's version for a managed group by replacing its nodes.
 */
export function launchCommands(examination: Examination, change: MaxPodsChange): string[] {
  const { aws, index } = examination
  const cluster = index.snapshot.cluster.name ?? "CLUSTER"
  const script = `user-data-${change.type}.txt`
  const groups = groupsOf(examination, change.type)
  return [
    `berth user-data ${cluster} --max-pods ${change.after} > ${script}   # ${change.type}; --family names the AMI's`,
    ...groups.flatMap(({ name, launchTemplate }) => {
      if (launchTemplate === undefined) return []
      const { id, version } = launchTemplate
      const data = `"{\\"UserData\\":\\"$(base64 -w0 ${script})\\"}"`
      const managed = aws.nodeGroups.find((g) => g.autoScalingGroups.includes(name))
      // EKS starts the group's nodes from a copy of the template that is named there.
      const own = managed === undefined ? launchTemplate : managed.launchTemplate
      if (own === undefined)
        return [`# node group ${managed?.name} has no launch template: make a group with one`]
      const create = `aws ec2 create-launch-template-version --launch-template-id ${own.id} --source-version ${own.version} --launch-template-data ${data}`
      const latest = `$(aws ec2 describe-launch-templates --launch-template-ids ${own.id} --query 'LaunchTemplates[0].LatestVersionNumber' --output text)`
      if (managed !== undefined)
        return [
          create,
          `aws eks update-nodegroup-version --cluster-name ${cluster} --nodegroup-name ${managed.name} --launch-template "id=${own.id},version=${latest}"   # EKS replaces its nodes`,
        ]
      return version === "$Latest"
        ? [create]
        : [
            create,
            `aws autoscaling update-auto-scaling-group --auto-scaling-group-name ${name} --launch-template "LaunchTemplateId=${id},Version=${latest}"`,
          ]
    }),
  ]
}

/** Scaling groups that have nodes of the type. */
function groupsOf({ aws, nodes, index }: Examination, type: string): AutoScalingGroupFacts[] {
  const ids = new Set(
    nodes.filter((n) => index.typeOf(n) === type).map((n) => index.instanceOf(n)?.id ?? ""),
  )
  return aws.autoScalingGroups.filter((g) => g.instanceIds.some((id) => ids.has(id)))
}
