import type { Option } from "./command.ts"

/** Which cluster, named as kubectl names it. */
export const kubeconfigOptions: readonly Option[] = [
  { flags: "--context <name>", about: "kubeconfig context" },
  { flags: "--kubeconfig <file>", about: "kubeconfig file" },
]

const awsOptions: readonly Option[] = [
  {
    flags: "--region <region>",
    about: "AWS region; default from the nodes' zones, else from the environment",
  },
  {
    flags: "--cluster-name <name>",
    about: "the cluster's name in EKS; default from aws-node, node labels or instance tags",
  },
  { flags: "--no-aws", about: "do not ask AWS: checks that need it are left out" },
]

/** Options of every command that reads a cluster as it is now. */
export const liveOptions: readonly Option[] = [...kubeconfigOptions, ...awsOptions]

/** Options of every command that reads a cluster, or a recorded one. */
export const readingOptions: readonly Option[] = [
  ...kubeconfigOptions,
  { flags: "--snapshot <file>", about: "read this recorded snapshot instead of a cluster" },
  ...awsOptions,
]

export const selectorOption: Option = {
  flags: "-l, --selector <labels>",
  about: "only the nodes with these labels, as kubectl takes them (a=b,c!=d,!e)",
}

export const outputOption: Option = {
  flags: "-o, --output <format>",
  about: "output format",
  choices: ["table", "json", "yaml"],
  default: "table",
}
