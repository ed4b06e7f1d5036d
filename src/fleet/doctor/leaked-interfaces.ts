import type { NetworkInterface } from "../../vpc/model.ts"
import type { Examination } from "./examination.ts"
import type { Fix } from "./finding.ts"

/** Leaked for certain only after this: the VPC CNI itself takes minutes from create to attach under throttling. */
const leakAgeMs = 10 * 60_000

export const instanceTag = "node.k8s.amazonaws.com/instance_id"
const createdTag = "node.k8s.amazonaws.com/createdAt"
const noManageTag = "node.k8s.amazonaws.com/no_manage"

/** ENIs of the plugin that are attached to nothing and whose instance is gone. */
export function leakedInterfaces({ aws, index }: Examination): NetworkInterface[] {
  const now = Date.parse(index.snapshot.takenAt)
  const alive = new Set(aws.instances.filter((i) => i.state !== "terminated").map((i) => i.id))
  return aws.interfaces.filter(({ status, description, tags }) => {
    const instance = tags[instanceTag]
    const created = Date.parse(tags[createdTag] ?? "")
    return (
      status === "available" &&
      description.startsWith("aws-K8S-") &&
      instance !== undefined &&
      !alive.has(instance) &&
      tags[noManageTag] !== "true" &&
      now - created > leakAgeMs
    )
  })
}

/** Named in one command: more make no command line. */
const interfacesMost = 10

export const deleteInterfaces = (leaked: readonly NetworkInterface[]): Fix => ({
  kind: "auto",
  says: "Delete them: nothing is attached to them.",
  command: leaked
    .slice(0, interfacesMost)
    .map((i) => `aws ec2 delete-network-interface --network-interface-id ${i.id}`)
    .join("\n"),
})
