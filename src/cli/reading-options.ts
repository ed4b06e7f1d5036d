import type { Option } from "./command.ts"

/** Options of every command that reads a cluster, named as kubectl names them. */
export const readingOptions: readonly Option[] = [
  { flags: "--context <name>", about: "kubeconfig context" },
  { flags: "--kubeconfig <file>", about: "kubeconfig file" },
  { flags: "--snapshot <file>", about: "read this recorded snapshot instead of a cluster" },
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
