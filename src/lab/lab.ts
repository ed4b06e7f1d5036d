import type { Scenario } from "./scenario.ts"

/** What `launchLab(options): Promise<Lab>` (launch.ts) takes. It runs in the launcher process. */
export interface LabOptions {
  /** Several labs run side by side under different names. */
  readonly name: string
  /** Ports on 127.0.0.1; 0 lets the system choose. */
  readonly kubePort: number
  readonly ec2Port: number
  /** Folder with kube-apiserver, kube-scheduler, kube-controller-manager and etcd. */
  readonly controlPlane?: string
  /** Wire nothing even where namespaces are permitted. */
  readonly hollow: boolean
  readonly scenario: Scenario
  readonly onProgress?: (text: string) => void
}

/** A running lab, as its launcher sees it. */
export interface Lab {
  readonly name: string
  /** Path of a kubeconfig for kubectl. */
  readonly kubeconfig: string
  /** Base URL for `aws --endpoint-url`. */
  readonly ec2Url: string
  readonly region: string
  /** Set when nothing is wired, with the reason. */
  readonly hollow?: string
  /** Resolves when the world has ended, for whatever reason. */
  readonly ended: Promise<{ expected: boolean; why: string }>
  stop(): Promise<void>
}
