import { mime } from "./mime.ts"
import { kubeletFlags, type NodeGroupKind, type UserData, type UserDataRequest } from "./request.ts"

/** Amazon Linux 2: bootstrap.sh. The AMIs ended on 2025-11-26; many nodes still run. */
export function al2(request: UserDataRequest, kind: NodeGroupKind): UserData {
  const flags = kubeletFlags(request).join(" ")
  const script = `#!/bin/bash\n/etc/eks/bootstrap.sh ${request.cluster} --use-max-pods false --kubelet-extra-args '${flags}'\n`
  if (kind === "managed") {
    return {
      text: mime('text/x-shellscript; charset="us-ascii"', bootHook(flags)),
      notes: [
        "Without a custom AMI, EKS runs bootstrap.sh itself after this part and computes max-pods on its own; this part edits the script's defaults first.",
        "Set AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG before the group is created or updated, then compare status.allocatable.pods of a new node (berth max-pods).",
      ],
    }
  }
  return {
    text: script,
    notes: [
      "EKS AMIs of Amazon Linux 2 are no longer published: plan the move to AL2023 or Bottlerocket.",
    ],
  }
}

/** EKS appends its own call of bootstrap.sh, so a managed group can only change what that call will read. */
const bootHook = (flags: string) =>
  `#!/bin/bash
set -e
sed -i '/^KUBELET_EXTRA_ARGS=/a KUBELET_EXTRA_ARGS="\${KUBELET_EXTRA_ARGS:-} ${flags}"' /etc/eks/bootstrap.sh
sed -i 's/^USE_MAX_PODS=.*/USE_MAX_PODS="false"/' /etc/eks/bootstrap.sh
`
