import type { Container, LabPod } from "../../loops/pod.ts"
import type { RunningContainer } from "../runtime/container.ts"
import type { ContainerLog } from "../runtime/container-log.ts"
import type { Sandbox } from "../runtime/sandbox.ts"

export interface StartRequest {
  pod: LabPod
  container: Container
  /** Undefined for pods on the host's network. */
  sandbox: Sandbox | undefined
  log: ContainerLog
}

/** Starts a container; rejects with what kubelet reports as CreateContainerConfigError. */
export type StartContainer = (request: StartRequest) => Promise<RunningContainer>
