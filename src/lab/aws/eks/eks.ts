import type { Clock } from "../../../clock.ts"
import type { Cloud } from "../../../ec2/memory/cloud.ts"
import { templateOf, versionOf } from "../../../ec2/memory/launch-templates.ts"
import type { AutoScaling } from "../autoscaling/auto-scaling.ts"
import type { ResolveConflicts } from "./addon-env.ts"
import { type Addon, EksFault, type NodeGroup, type Update, UpdateFailure } from "./node-group.ts"
import { type NodeHooks, noNodes, rollNodes } from "./roll-nodes.ts"

/** The one cluster that the lab's EKS knows. */
export interface ClusterFacts {
  readonly name: string
  readonly version: string
  readonly endpoint: string
  /** base64 of the PEM. */
  readonly certificateAuthority: string
  readonly vpcId: string
  readonly subnetIds: readonly string[]
  readonly clusterSecurityGroup: string
  readonly serviceCidr: string
}

export interface EksOptions {
  readonly cloud: Cloud
  readonly groups: AutoScaling
  readonly clock: Clock
  readonly cluster: ClusterFacts
  readonly hooks?: NodeHooks
  /** Applies an add-on's version and configuration to the cluster; what it throws fails the update. */
  readonly applyAddon?: (addon: Addon, resolve: ResolveConflicts) => Promise<void>
}

const updatesMax = 200

/** The lab's EKS: its cluster, managed node groups, add-ons and the updates that change them. */
export class Eks implements Disposable {
  readonly cluster: ClusterFacts
  readonly groups: AutoScaling
  readonly cloud: Cloud
  readonly createdAt: number
  readonly #options: EksOptions
  readonly #nodeGroups = new Map<string, NodeGroup>()
  readonly #addons = new Map<string, Addon>()
  readonly #updates = new Map<string, Update>()
  readonly #closing = new AbortController()

  constructor(options: EksOptions) {
    this.#options = options
    this.cluster = options.cluster
    this.groups = options.groups
    this.cloud = options.cloud
    this.createdAt = options.clock.now()
  }

  nodeGroups(): NodeGroup[] {
    return [...this.#nodeGroups.values()]
  }

  nodeGroup(name: string): NodeGroup {
    const group = this.#nodeGroups.get(name)
    if (group) return group
    throw new EksFault("ResourceNotFoundException", `No node group found for name: ${name}.`, 404)
  }

  putNodeGroup(group: NodeGroup): void {
    this.#nodeGroups.set(group.name, group)
  }

  /** Removes the group and ends its nodes. */
  deleteNodeGroup(name: string): NodeGroup {
    const group = this.nodeGroup(name)
    this.groups.delete(group.scalingGroup, true)
    this.#nodeGroups.delete(name)
    return { ...group, status: "DELETING" }
  }

  addons(): Addon[] {
    return [...this.#addons.values()]
  }

  addon(name: string): Addon {
    const addon = this.#addons.get(name)
    if (addon) return addon
    const { name: cluster } = this.cluster
    throw new EksFault(
      "ResourceNotFoundException",
      `No addon: ${name} found in cluster: ${cluster}`,
      404,
    )
  }

  /** An add-on that is there from the start. */
  installAddon(name: string, version: string): void {
    const now = this.#options.clock.now()
    this.putAddon({ name, version, status: "ACTIVE", createdAt: now, modifiedAt: now })
  }

  putAddon(addon: Addon): void {
    this.#addons.set(addon.name, addon)
  }

  updates(): Update[] {
    return [...this.#updates.values()]
  }

  /** Moves a node group to another version of its launch template, or to another release, by replacing its nodes. */
  updateVersion(
    name: string,
    to: { templateVersion?: string; release?: string; version?: string; force: boolean },
  ): Update {
    const group = this.#free(name)
    const { launchTemplate } = group
    if (to.templateVersion !== undefined && launchTemplate === undefined)
      throw new EksFault(
        "InvalidParameterException",
        "You cannot specify a launch template for a node group that was created without one.",
      )
    if ((to.release ?? to.version) !== undefined && group.amiType === "CUSTOM")
      throw new EksFault(
        "InvalidParameterException",
        "You cannot specify the field releaseVersion or version with a custom AMI.",
      )
    const { core } = this.cloud
    const scaling = this.groups.get(group.scalingGroup)
    const wanted = to.templateVersion ?? scaling.launchTemplate.version
    const template = templateOf(core, { id: scaling.launchTemplate.id })
    const version = String(versionOf(template, wanted).number)
    const next: NodeGroup = {
      ...group,
      ...(to.release !== undefined && { releaseVersion: to.release }),
      ...(to.version !== undefined && { version: to.version }),
      ...(launchTemplate && { launchTemplate: { ...launchTemplate, version } }),
    }
    this.groups.put({ ...scaling, launchTemplate: { id: template.id, version } })
    const params = [{ type: "LaunchTemplateVersion", value: version }]
    return this.#run({ type: "VersionUpdate", nodeGroup: name, params }, next, async () => {
      const failure = await rollNodes(next, version, {
        groups: this.groups,
        hooks: this.#options.hooks ?? noNodes,
        clock: this.#options.clock,
        signal: this.#closing.signal,
        force: to.force,
      })
      if (failure) throw new UpdateFailure(failure.code, failure.message, failure.ids)
    })
  }

  /** Changes sizes, labels and taints without replacing nodes. */
  updateConfig(
    name: string,
    change: {
      scaling?: { min: number; max: number; desired: number }
      group: Partial<NodeGroup>
      params: Update["params"]
    },
  ): Update {
    const group = this.#free(name)
    const next = { ...group, ...change.group }
    if (change.scaling)
      this.groups.put({ ...this.groups.get(group.scalingGroup), ...change.scaling })
    const about = { type: "ConfigUpdate", nodeGroup: name, params: change.params } as const
    return this.#run(about, next, async () => {
      const ids = this.groups.members(next.scalingGroup).map((m) => m.id)
      await this.#options.hooks?.relabel(next, ids)
    })
  }

  updateAddon(
    name: string,
    change: { version?: string; configuration?: string },
    resolve: ResolveConflicts,
  ): Update {
    const addon = this.addon(name)
    if (addon.status === "UPDATING")
      throw new EksFault(
        "ResourceInUseException",
        `Addon ${name} cannot be updated as it is currently in UPDATING state`,
        409,
      )
    const next = { ...addon, ...change, modifiedAt: this.#options.clock.now() }
    this.putAddon({ ...next, status: "UPDATING" })
    const params = [
      ...(change.version === undefined ? [] : [{ type: "AddonVersion", value: change.version }]),
      ...(change.configuration === undefined
        ? []
        : [{ type: "ConfigurationValues", value: change.configuration }]),
    ]
    const update = this.#begin({ type: "AddonUpdate", addon: name, params })
    const work = async () => this.#options.applyAddon?.(next, resolve)
    work().then(
      () => {
        this.putAddon({ ...next, status: "ACTIVE" })
        this.#end(update, undefined)
      },
      (error: unknown) => {
        this.putAddon({ ...next, status: "UPDATE_FAILED" })
        this.#end(update, error)
      },
    )
    return update
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }

  /** A group that nothing is being done to. */
  #free(name: string): NodeGroup {
    const group = this.nodeGroup(name)
    if (group.status === "ACTIVE" || group.status === "DEGRADED") return group
    throw new EksFault(
      "ResourceInUseException",
      `Nodegroup cannot be updated as it is currently not in Active State`,
      409,
    )
  }

  #run(
    about: Pick<Update, "type" | "params"> & { nodeGroup: string },
    next: NodeGroup,
    work: () => Promise<void>,
  ): Update {
    const update = this.#begin(about)
    const { issue: _, ...healthy } = next
    this.putNodeGroup({ ...healthy, status: "UPDATING" })
    const settle = (status: NodeGroup["status"], issue?: NodeGroup["issue"]) => {
      const modifiedAt = this.#options.clock.now()
      this.putNodeGroup({ ...healthy, status, modifiedAt, ...(issue && { issue }) })
    }
    work().then(
      () => {
        settle("ACTIVE")
        this.#end(update, undefined)
      },
      (error: unknown) => {
        settle("ACTIVE", issueOf(error))
        this.#end(update, error)
      },
    )
    return update
  }

  #begin(about: Omit<Update, "id" | "status" | "errors" | "createdAt">): Update {
    const update: Update = {
      ...about,
      id: this.cloud.core.newId("update"),
      status: "InProgress",
      errors: [],
      createdAt: this.#options.clock.now(),
    }
    this.#updates.set(update.id, update)
    const oldest = this.#updates.keys().next().value
    if (this.#updates.size > updatesMax && oldest !== undefined) this.#updates.delete(oldest)
    return update
  }

  #end(update: Update, error: unknown): void {
    const errors = error === undefined ? [] : [issueOf(error)]
    const status = error === undefined ? "Successful" : "Failed"
    this.#updates.set(update.id, { ...update, status, errors })
  }
}

const issueOf = (error: unknown) =>
  error instanceof UpdateFailure
    ? { code: error.code, message: error.message, ids: error.ids }
    : { code: "Unknown", message: String(error), ids: [] }
