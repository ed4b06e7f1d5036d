import type { Examination } from "../doctor/examination.ts"
import type { AutoScalingGroupFacts, NodeGroupFacts } from "../snapshot.ts"
import type { MaxPodsChange } from "./change-plan.ts"

/**
 * Commands that give new nodes another max-pods, for each group with nodes of the type: the script, a new version of the
 * launch template, and what makes the group use it. EKS replaces the nodes of a managed group for that.
 */
export function launchCommands(examination: Examination, change: MaxPodsChange): string[] {
  const cluster = examination.index.snapshot.cluster.name ?? "CLUSTER"
  const script = `berth user-data ${cluster} --max-pods ${change.after}`
  const groups = groupsOf(examination, change.type)
  if (groups.length === 0) return [`${script}   # ${change.type}`]
  return groups.flatMap((group) => {
    const { name } = group
    const managed = examination.aws.nodeGroups.find((g) => g.autoScalingGroups.includes(name))
    // EKS starts a managed group's nodes from a copy of the template that the group names.
    const template = managed === undefined ? group.launchTemplate : managed.launchTemplate
    if (template === undefined)
      return [
        `# ${managed?.name ?? name} has no launch template: make a group with one, of ${change.type}`,
      ]
    const file = `user-data-${managed?.name ?? name}.txt`
    const merge = "   # merge it with what the template's own script does besides"
    return [
      `${script} ${scriptOptions(cluster, managed)} > ${file}${merge}`,
      `aws ec2 create-launch-template-version --launch-template-id ${template.id} --source-version ${template.version} --launch-template-data "{\\"UserData\\":\\"$(base64 -w0 ${file})\\"}"`,
      ...takeUp(cluster, name, { managed, template }),
    ]
  })
}

/** What the script has to say depends on who else writes to it. */
function scriptOptions(cluster: string, managed: NodeGroupFacts | undefined): string {
  if (managed !== undefined && !managed.customAmi) return "--node-group managed"
  const told = (path: string) =>
    `"$(aws eks describe-cluster --name ${cluster} --query cluster.${path} --output text)"`
  return [
    ...(managed === undefined ? [] : ["--node-group managed-custom-ami"]),
    `--endpoint ${told("endpoint")}`,
    `--certificate-authority ${told("certificateAuthority.data")}`,
    `--service-cidr ${told("kubernetesNetworkConfig.serviceIpv4Cidr")}`,
  ].join(" ")
}

function takeUp(
  cluster: string,
  group: string,
  {
    managed,
    template: { id, version },
  }: {
    managed: NodeGroupFacts | undefined
    template: { readonly id: string; readonly version: string }
  },
): string[] {
  const latest = `$(aws ec2 describe-launch-templates --launch-template-ids ${id} --query 'LaunchTemplates[0].LatestVersionNumber' --output text)`
  if (managed !== undefined)
    return [
      `aws eks update-nodegroup-version --cluster-name ${cluster} --nodegroup-name ${managed.name} --launch-template "id=${id},version=${latest}"   # EKS replaces its nodes`,
    ]
  return version === "$Latest"
    ? []
    : [
        `aws autoscaling update-auto-scaling-group --auto-scaling-group-name ${group} --launch-template "LaunchTemplateId=${id},Version=${latest}"`,
      ]
}

/** Scaling groups that have nodes of the type. */
function groupsOf({ aws, nodes, index }: Examination, type: string): AutoScalingGroupFacts[] {
  const ids = new Set(
    nodes.filter((n) => index.typeOf(n) === type).map((n) => index.instanceOf(n)?.id ?? ""),
  )
  return aws.autoScalingGroups.filter((g) => g.instanceIds.some((id) => ids.has(id)))
}
