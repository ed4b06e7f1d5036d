import type { ENIConfig } from "../../api/eniconfig.ts"
import type { KubeObject } from "../../api/meta.ts"
import type { SubnetPool } from "../../api/subnetpool.ts"
import {
  type Conversion,
  groupTermsOf,
  Notes,
  type SelectorTerm,
  subnetPool,
  subnetTermsOf,
} from "./conversion.ts"

type Pools = Conversion<SubnetPool>

const strategyOfOne = "Ordered" as const

/** One pool for each ENIConfig, for the nodes whose label names it. `labelKey` is ENI_CONFIG_LABEL_DEF. */
export function fromENIConfigs(configs: readonly ENIConfig[], labelKey: string): Pools {
  const notes = new Notes()
  const objects = configs.map(({ metadata: { name }, spec = {} }) => {
    const { subnet = "", securityGroups = [] } = spec
    const isDefault = name === "default"
    if (isDefault)
      notes.differs(
        "ENIConfig/default",
        "serves every node without a pool of its own; as an ENIConfig it serves only nodes without the label",
      )
    else
      notes.same(
        `ENIConfig/${name}`,
        `nodes with ${labelKey}=${name} get the same subnet and groups`,
      )
    return subnetPool(name, {
      nodeSelector: isDefault ? {} : { matchLabels: { [labelKey]: name } },
      ...(isDefault && { priority: -1000 }),
      subnets: [{ id: subnet }],
      ...(securityGroups.length > 0 && { securityGroups: securityGroups.map((id) => ({ id })) }),
      strategy: strategyOfOne,
    })
  })
  notes.differs(
    "bindings",
    "the label vpc.amazonaws.com/externalEniConfig and the node annotation go on naming ENIConfigs, and win over pools",
  )
  notes.same(
    "order",
    "nodes with a pool no longer use the ENIConfig that their label names; keep it until then",
  )
  return { objects, commands: [], notes: notes.all }
}

/** The pool that selects what Amazon VPC CNI's subnet discovery selects. */
export function fromDiscoveryTags(cluster: string | undefined): Pools {
  const notes = new Notes()
  const role = { "kubernetes.io/role/cni": "1" }
  const ofCluster =
    cluster === undefined ? {} : { [`cni.networking.k8s.aws/cluster/${cluster}`]: "*" }
  notes.same(
    "kubernetes.io/role/cni=1",
    "subnets of the node's zone with the tag serve; most free first",
  )
  notes.differs("kubernetes.io/role/cni", 'any value but "0" counts there; here "1" alone')
  notes.lost(
    "the node's own subnet",
    "serves there unless tagged 0; add it as a term if pods shall use it",
  )
  if (cluster === undefined)
    notes.differs(
      "cni.networking.k8s.aws/cluster/*",
      "a subnet tagged for another cluster is not left out: name the cluster with --cluster",
    )
  else
    notes.differs(
      "cni.networking.k8s.aws/cluster/*",
      "only subnets tagged for this cluster serve; there those for no cluster do, too",
    )
  notes.differs(
    "ENI_CONFIG_LABEL_DEF",
    "pools of nodes need AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true: pods leave the primary ENI",
  )
  const pool = subnetPool("discovered", {
    nodeSelector: {},
    subnets: [{ tags: { ...role, ...ofCluster } }],
    strategy: "MostFree",
  })
  return { objects: [pool], commands: [], notes: notes.all }
}

interface NodeClass extends KubeObject {
  spec?: {
    subnetSelectorTerms?: SelectorTerm[]
    securityGroupSelectorTerms?: SelectorTerm[]
    podSubnetSelectorTerms?: SelectorTerm[]
    podSecurityGroupSelectorTerms?: SelectorTerm[]
    snatPolicy?: string
  }
}

/** Karpenter's EC2NodeClass chooses the nodes' subnets, in which their pods live as well. */
export const fromKarpenter = (classes: readonly KubeObject[]): Pools =>
  fromNodeClasses(classes, "karpenter.k8s.aws/ec2nodeclass")

/** Auto Mode's NodeClass may have terms for pods; without them pods live in the nodes' subnets. */
export const fromAutoMode = (classes: readonly KubeObject[]): Pools =>
  fromNodeClasses(classes, "eks.amazonaws.com/nodeclass")

function fromNodeClasses(classes: readonly NodeClass[], label: string): Pools {
  const notes = new Notes()
  const objects = classes.flatMap(({ kind, metadata: { name }, spec = {} }) => {
    const about = `${kind}/${name}`
    const subnets = spec.podSubnetSelectorTerms ?? spec.subnetSelectorTerms ?? []
    const groups = spec.podSecurityGroupSelectorTerms ?? spec.securityGroupSelectorTerms ?? []
    if (subnets.length === 0) {
      notes.lost(about, "it has no terms that select subnets")
      return []
    }
    if (spec.podSubnetSelectorTerms)
      notes.same(about, "pods of its nodes get addresses of the subnets for pods")
    else
      notes.differs(
        about,
        "pods get ENIs of their own in the nodes' subnets, and none of the primary ENI",
      )
    if (spec.snatPolicy === "Disabled")
      notes.lost(about, "snatPolicy Disabled: set AWS_VPC_K8S_CNI_EXTERNALSNAT=true on aws-node")
    notes.differs(about, "the node's subnet is still its node class's; pools choose for pods alone")
    return [
      subnetPool(name, {
        nodeSelector: { matchLabels: { [label]: name } },
        subnets: subnetTermsOf(subnets),
        ...(groups.length > 0 && { securityGroups: groupTermsOf(groups, about, notes) }),
        strategy: "MostFree",
      }),
    ]
  })
  return { objects, commands: [], notes: notes.all }
}
