import type { Ec2 } from "../../ec2/ec2.ts"
import { fail, isError } from "../../errors/catalogue.ts"
import type { Instance } from "../../vpc/model.ts"

/** Ids in one call: EC2 takes up to 1,000, and answers slowly for more than a few hundred. */
const idsMost = 200
/** Calls that a search for the unknown ids may cost. */
const searchMost = 40

/**
 * The instances that EC2 knows. One unknown id makes EC2 refuse a whole call, and on a live cluster a node often
 * outlives its instance by a minute: so a refused list is halved until the unknown ids stand alone. When not one is
 * known, the region or the account is wrong, and that rejects.
 */
export async function describeKnownInstances(
  ec2: Pick<Ec2, "describeInstances">,
  ids: readonly string[],
  region: string,
): Promise<Instance[]> {
  const found: Instance[] = []
  const left: (readonly string[])[] = []
  for (let at = 0; at < ids.length; at += idsMost) left.push(ids.slice(at, at + idsMost))
  let calls = 0
  let refused: unknown
  for (let some = left.pop(); some !== undefined; some = left.pop()) {
    try {
      found.push(...(await ec2.describeInstances({ ids: some })))
    } catch (error) {
      if (!isError(error, "ec2/not-found") || ++calls > searchMost) throw error
      refused = error
      const half = Math.ceil(some.length / 2)
      if (some.length > 1) left.push(some.slice(half), some.slice(0, half))
    }
  }
  if (found.length === 0 && refused !== undefined)
    throw fail(
      "ec2/not-found",
      { resource: `any of the ${ids.length} nodes in ${region}` },
      refused,
    )
  return found
}
