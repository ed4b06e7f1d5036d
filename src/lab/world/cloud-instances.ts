import type { Cloud } from "../../ec2/memory/cloud.ts"
import type { CloudInstances } from "../loops/cloud-node-loop.ts"

/** What the node controllers of a cloud provider ask of it. */
export const cloudInstances = (cloud: Cloud): CloudInstances => ({
  state: (id) => cloud.core.tables.instance.get(id)?.state,
  onChange: (listener) => {
    cloud.onChange((change) => {
      if (change.kind !== "instance" || change.before?.state === change.after?.state) return
      const id = change.after?.id ?? change.before?.id
      if (id !== undefined) listener(id)
    })
  },
})
