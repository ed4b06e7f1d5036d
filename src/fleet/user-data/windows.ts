import { kubeletFlags, type UserData, type UserDataRequest } from "./request.ts"

/** Windows nodes take kubelet's flags through the AMI's bootstrap script; ENIConfig does not apply to their pods. */
export function windows(request: UserDataRequest): UserData {
  return {
    text: `<powershell>
[string]$EKSBinDir = "$env:ProgramFiles\\Amazon\\EKS"
[string]$EKSBootstrapScriptName = 'Start-EKSBootstrap.ps1'
& "$EKSBinDir\\$EKSBootstrapScriptName" -EKSClusterName "${request.cluster}" -KubeletExtraArgs "${kubeletFlags(request).join(" ")}" 3>&1 4>&1 5>&1 6>&1
</powershell>
`,
    notes: [
      "Pods on Windows nodes get their addresses from the VPC resource controller, in the node's own subnet: custom networking does not apply to them.",
    ],
  }
}
