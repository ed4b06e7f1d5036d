import type { Lab } from "./lab.ts"

/** What lets kubectl, the AWS CLI and SDKs reach the lab. */
export const environmentOf = ({ kubeconfig, ec2Url, region }: Lab) => ({
  KUBECONFIG: kubeconfig,
  AWS_ENDPOINT_URL: ec2Url,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: "lab",
  AWS_SECRET_ACCESS_KEY: "lab",
})

/** The same as lines for a shell. */
export const exportLines = (lab: Lab): string[] =>
  Object.entries(environmentOf(lab)).map(([name, value]) => `export ${name}=${value}`)
