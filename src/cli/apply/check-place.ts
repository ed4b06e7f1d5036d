import { nodes } from "../../api/resources.ts"
import type { Ec2 } from "../../ec2/ec2.ts"
import { fail } from "../../errors/catalogue.ts"
import type { PlanDocument } from "../../fleet/plan/plan-document.ts"
import type { Kube } from "../../kube/kube.ts"

const looked = 5
const ownerTag = "kubernetes.io/cluster/"

/** Rejects with cli/plan-elsewhere when the kubeconfig's cluster is not the one that was planned for: a wrong context is easily taken. */
export async function checkPlace({ site }: PlanDocument, kube: Kube, ec2: Ec2): Promise<void> {
  const { items } = await kube.list(nodes)
  const ids = items.flatMap((n) => /\/(i-[^/]+)$/.exec(n.spec?.providerID ?? "")?.[1] ?? [])
  const instances = await ec2.describeInstances({ ids: ids.slice(0, looked) })
  for (const { id, vpcId, tags } of instances) {
    if (site.vpcId !== undefined && vpcId !== site.vpcId)
      throw fail("cli/plan-elsewhere", {
        why: `its node ${id} is in ${vpcId}, not in ${site.vpcId}`,
      })
    const owners = Object.keys(tags).filter((key) => key.startsWith(ownerTag))
    const { cluster } = site
    if (cluster !== undefined && owners.length > 0 && !owners.includes(ownerTag + cluster))
      throw fail("cli/plan-elsewhere", {
        why: `its node ${id} belongs to ${owners.map((o) => o.slice(ownerTag.length)).join(", ")}, not to ${cluster}`,
      })
  }
}
