import { al2023 } from "./al2023.ts"
import type { NodeGroupKind, UserData, UserDataRequest } from "./request.ts"

/** EC2 refuses more than 16 KB before base64. */
const userDataLimit = 16 * 1024

/** Input for `aws ec2 create-launch-template --launch-template-data file://...`, with AL2023 user data inside. */
export function launchTemplate(request: UserDataRequest, kind: NodeGroupKind): UserData {
  const inner = al2023(request, kind)
  const size = Buffer.byteLength(inner.text)
  const data = {
    UserData: Buffer.from(inner.text).toString("base64"),
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
    ...(kind === "managed-custom-ami" ? { ImageId: "AMI_ID" } : {}),
  }
  return {
    text: `${JSON.stringify(data, null, 2)}\n`,
    notes: [
      ...inner.notes,
      ...(size > userDataLimit
        ? [`The user data is ${size} bytes; EC2 takes ${userDataLimit} at most.`]
        : []),
      "For a managed node group the template must not set subnets, an instance profile or a shutdown behaviour; with security groups in it, EKS does not add the cluster security group.",
      ...(kind === "managed-custom-ami"
        ? [
            'Replace AMI_ID. A group cannot change between "AMI in the template" and "no AMI": make a new one.',
          ]
        : []),
    ],
  }
}
