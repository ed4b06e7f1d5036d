import type { Command } from "./command.ts"
import { outputOption, readingOptions } from "./reading-options.ts"

/** Commands on files of ENIConfigs, SubnetPools and SecurityGroupPolicies. */
export const placementCommands: readonly Command[] = [
  {
    path: "validate",
    summary:
      "Check ENIConfigs, SubnetPools and SecurityGroupPolicies in files, as the cluster would",
    about:
      "Needs no cluster: ids, selectors, groups per interface, pools that select the same. With --snapshot or --live " +
      "also what the webhook checks: subnets and security groups of another VPC, zones with nodes and without a subnet.",
    args: [{ spec: "<file...>", about: 'YAML or JSON files; "-" is standard input' }],
    options: [
      { flags: "--live", about: "compare with the cluster and its AWS account" },
      ...readingOptions,
      { flags: "--strict", about: "exit 1 for warnings, too" },
      outputOption,
    ],
    examples: [
      "berth validate pools.yaml",
      "helm template . | berth validate - --strict",
      "berth validate *.yaml --snapshot monday.json -o json",
    ],
    load: () => import("./commands/validate.ts"),
  },
  {
    path: "import",
    summary: "Make SubnetPools of what another system uses, and say where they are not equivalent",
    args: [{ spec: "[file...]", about: 'YAML or JSON files; "-" is standard input' }],
    options: [
      {
        flags: "--from <system>",
        about: "what the files are of",
        choices: ["eniconfig", "discovery-tags", "terway", "spiderpool", "karpenter", "auto-mode"],
        required: true,
      },
      {
        flags: "--label-key <key>",
        about:
          "for eniconfig: ENI_CONFIG_LABEL_DEF, the node label whose value names the ENIConfig",
        default: "k8s.amazonaws.com/eniConfig",
      },
      {
        flags: "--cluster <name>",
        about: "for discovery-tags: only subnets tagged for this cluster",
      },
      {
        flags: "--map <id=id>",
        about: "for terway: subnet or group in place of an id",
        many: true,
      },
    ],
    examples: [
      "kubectl get eniconfigs -o yaml | berth import --from eniconfig --label-key topology.kubernetes.io/zone -",
      "berth import --from discovery-tags --cluster my-cluster",
      "berth import --from terway --map vsw-a1=subnet-0a64000000000a001 networks.yaml",
    ],
    load: () => import("./commands/import.ts"),
  },
  {
    path: "export",
    summary: "Make ENIConfigs, discovery tags or a NodeClass of SubnetPools, and say what is lost",
    args: [{ spec: "[file...]", about: "SubnetPools; default those of the cluster" }],
    options: [
      {
        flags: "--to <system>",
        about: "what to make",
        choices: ["eniconfig", "discovery-tags", "auto-mode"],
        required: true,
      },
      ...readingOptions,
    ],
    examples: [
      "berth export --to eniconfig > eniconfigs.yaml",
      "berth export --to discovery-tags --snapshot monday.json pools.yaml",
    ],
    load: () => import("./commands/export.ts"),
  },
]
