import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { ResourceKind } from "../../ec2/memory/records.ts"
import type { Logger } from "../../log.ts"
import type { Fabric } from "./fabric.ts"
import { viewOfCloud } from "./view-of-cloud.ts"

/** What no packet's way depends on. */
const ignored: ReadonlySet<ResourceKind> = new Set(["instance", "subnetReservation"])

export interface FollowOptions {
  readonly cloud: Cloud
  readonly fabric: Fabric
  readonly vpcId: string
  readonly logger: Logger
}

/**
 * Keeps the fabric equal to the cloud until disposed. Changes that come while a sync is under way are taken by the next
 * one; a sync that fails is logged and made good by the next change. Resolves when the present state is in force.
 */
export async function followCloud(options: FollowOptions): Promise<Disposable> {
  const { cloud, fabric, vpcId, logger } = options
  let scheduled = false
  const sync = () => fabric.sync(viewOfCloud(cloud.core.tables, vpcId))
  const stop = cloud.onChange((change) => {
    if (scheduled || ignored.has(change.kind)) return
    scheduled = true
    // One call of the API makes several changes, all in this turn of the event loop.
    setImmediate(() => {
      scheduled = false
      sync().catch((error: unknown) =>
        logger.error("the fabric does not follow the cloud", { error: String(error) }),
      )
    })
  })
  await sync()
  return { [Symbol.dispose]: stop }
}
