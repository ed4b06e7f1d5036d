import { EventRecorder, type RecorderOptions } from "../../kube/event-recorder.ts"
import type { RecordEvent } from "../loops/cluster.ts"

/** Events of one component: "kubelet" of a node, or a control loop. */
export function recordEvents(options: RecorderOptions): RecordEvent {
  const recorder = new EventRecorder(options)
  return (regarding, type, reason, note) =>
    recorder.record({ regarding, type, reason, action: reason, note })
}
