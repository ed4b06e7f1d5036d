import type { Cloud } from "../../../ec2/memory/cloud.ts"
import { Ec2Fault } from "../../../ec2/memory/fault.ts"
import { runInstances, terminateInstances } from "../../../ec2/memory/instances.ts"
import { templateOf, versionOf } from "../../../ec2/memory/launch-templates.ts"
import type { CloudInstance } from "../../../ec2/memory/records.ts"
import { subnetOf } from "../../../ec2/memory/subnets.ts"
import {
  type Activity,
  groupTag,
  launchTags,
  type Member,
  type ScalingGroup,
  type ScalingStep,
  scalingSteps,
  validation,
} from "./scaling-group.ts"

export interface AutoScalingOptions {
  readonly cloud: Cloud
  /** From a change of size until instances are started or ended. Default 0. */
  readonly scaleMs?: number
}

/** Tags that Auto Scaling puts on instances started from a launch template. */
const templateTag = "aws:ec2launchtemplate:id"
const versionTag = "aws:ec2launchtemplate:version"
const activitiesMax = 200
/** A launch that failed is tried again after so long. */
const relaunchMs = 10_000

/** The Auto Scaling groups of the cloud: they start and end its instances. */
export class AutoScaling implements Disposable {
  readonly #cloud: Cloud
  readonly #scaleMs: number
  readonly #groups = new Map<string, ScalingGroup>()
  readonly #activities: Activity[] = []
  readonly #unreplaced = new Map<string, Set<string>>()
  /** Groups that will look at their size, or are at it: their own steps need no further look. */
  readonly #due = new Set<string>()
  readonly #letGo = new Set<string>()
  readonly #leave: () => void

  constructor(options: AutoScalingOptions) {
    this.#cloud = options.cloud
    this.#scaleMs = options.scaleMs ?? 0
    this.#leave = options.cloud.onChange((change) => {
      if (change.kind === "instance") this.#instanceChanged(change.before, change.after)
    })
  }

  all(): ScalingGroup[] {
    return [...this.#groups.values()]
  }

  /** A fault when there is no such group. */
  get(name: string): ScalingGroup {
    const group = this.#groups.get(name)
    if (group) return group
    throw validation(`AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`)
  }

  /** Adds or changes a group and lets it scale. */
  put(group: ScalingGroup): void {
    if (group.min > group.max)
      throw validation("Max bound must be greater than or equal to min bound")
    if (group.desired < group.min || group.desired > group.max)
      throw validation(
        `Desired capacity:${group.desired} must be between the specified min size:${group.min} and max size:${group.max}`,
      )
    versionOf(templateOf(this.#cloud.core, group.launchTemplate), group.launchTemplate.version)
    for (const id of group.subnetIds) subnetOf(this.#cloud.core, id)
    if (!group.suspended.includes("ReplaceUnhealthy")) this.#unreplaced.delete(group.name)
    this.#groups.set(group.name, group)
    this.#scaleSoon(group.name, this.#scaleMs)
  }

  /** Removes the group; with `force` its instances end as well, else it must have none. */
  delete(name: string, force: boolean): void {
    const group = this.get(name)
    const members = this.members(name)
    if (members.length > 0 && !force)
      throw new Ec2Fault(
        "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.",
      )
    this.#groups.delete(group.name)
    terminateInstances(this.#cloud.core, { ids: members.map((m) => m.id) })
  }

  members(name: string): Member[] {
    return [...this.#cloud.core.tables.instance.all()]
      .filter((i) => i.tags[groupTag] === name && i.state !== "terminated")
      .map(memberOf)
  }

  /** Ends one instance; a group that does not shrink by it starts another. */
  terminate(instanceId: string, decrement: boolean): Activity {
    const instance = this.#cloud.core.tables.instance.get(instanceId)
    const group = this.#groups.get(instance?.tags[groupTag] ?? "")
    if (!instance || !group)
      throw validation(
        `Instance Id not found - No managed instance found for instance ID: ${instanceId}`,
      )
    if (decrement && group.desired - 1 < group.min)
      throw validation(
        `Currently, desiredSize equals minSize (${group.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
      )
    if (decrement) this.#groups.set(group.name, { ...group, desired: group.desired - 1 })
    this.#letGo.add(instanceId)
    terminateInstances(this.#cloud.core, { ids: [instanceId] })
    this.#letGo.delete(instanceId)
    return this.#record(group.name, {
      description: `Terminating EC2 instance: ${instanceId}`,
      cause: "an instance was taken out of service in response to a user request",
    })
  }

  /** The latest first. */
  activities(group?: string): Activity[] {
    return this.#activities.filter((a) => group === undefined || a.group === group)
  }

  [Symbol.dispose](): void {
    this.#leave()
    this.#groups.clear()
  }

  #instanceChanged(before: CloudInstance | undefined, after: CloudInstance | undefined): void {
    if (before?.state === after?.state) return
    const name = (after ?? before)?.tags[groupTag]
    const group = name === undefined ? undefined : this.#groups.get(name)
    if (!group) return
    // An instance that the group let go is no loss.
    const lost = after?.state === "shutting-down" && !this.#letGo.has(after.id)
    if (lost && group.suspended.includes("ReplaceUnhealthy")) {
      const live = this.members(group.name).filter((m) => m.state !== "Terminating").length
      const known = this.#unreplaced.get(group.name) ?? new Set()
      if (live + known.size < group.desired) this.#unreplaced.set(group.name, known.add(after.id))
    }
    this.#scaleSoon(group.name, this.#scaleMs)
  }

  #scaleSoon(name: string, ms: number): void {
    if (this.#due.has(name)) return
    this.#due.add(name)
    this.#cloud.core.later(ms, () => {
      let failed = true
      try {
        failed = !this.#scale(name)
      } finally {
        this.#due.delete(name)
      }
      if (failed) this.#scaleSoon(name, relaunchMs)
    })
  }

  /** Whether everything went as wanted. */
  #scale(name: string): boolean {
    const group = this.#groups.get(name)
    if (!group) return true
    const { core } = this.#cloud
    const template = templateOf(core, { id: group.launchTemplate.id })
    const version = versionOf(template, group.launchTemplate.version)
    const steps = scalingSteps(group, {
      members: this.members(name),
      zoneOf: (subnetId) => subnetOf(core, subnetId).zone,
      currentVersion: String(version.number),
      unreplaced: this.#unreplaced.get(name)?.size ?? 0,
    })
    return steps
      .map((step) => this.#take(group, step, { template: template.id, version }))
      .every((done) => done)
  }

  #take(
    group: ScalingGroup,
    step: ScalingStep,
    from: { template: string; version: ReturnType<typeof versionOf> },
  ): boolean {
    const { core } = this.#cloud
    const cause = `an instance was ${step.do === "launch" ? "started" : "taken out of service"} in response to a difference between desired and actual capacity`
    if (step.do === "terminate") {
      terminateInstances(core, { ids: [step.id] })
      this.#record(group.name, { description: `Terminating EC2 instance: ${step.id}`, cause })
      return true
    }
    const { data, number } = from.version
    const tags = { [templateTag]: from.template, [versionTag]: String(number) }
    try {
      const [instance] = runInstances(core, {
        type: "m5.large",
        ...data,
        subnetId: step.subnetId,
        tags: { ...data.tags, ...launchTags(group), ...tags },
      })
      if (instance && group.protectNew) this.#protect(group.name, instance.id)
      this.#record(group.name, {
        description: `Launching a new EC2 instance: ${instance?.id}`,
        cause,
      })
      return true
    } catch (error) {
      const message = error instanceof Ec2Fault ? error.message : String(error)
      this.#record(group.name, { description: "Launching a new EC2 instance", cause, message })
      return false
    }
  }

  #protect(name: string, id: string): void {
    const group = this.get(name)
    this.#groups.set(name, { ...group, protectedIds: [...group.protectedIds, id] })
  }

  #record(group: string, what: { description: string; cause: string; message?: string }): Activity {
    const now = this.#cloud.core.now()
    const activity: Activity = {
      id: this.#cloud.core.newId("activity"),
      group,
      startedAt: now,
      endedAt: now,
      status: what.message === undefined ? "Successful" : "Failed",
      ...what,
    }
    this.#activities.unshift(activity)
    this.#activities.length = Math.min(this.#activities.length, activitiesMax)
    return activity
  }
}

const lifecycleStates: Readonly<Partial<Record<CloudInstance["state"], Member["state"]>>> = {
  pending: "Pending",
  running: "InService",
}

const memberOf = (instance: CloudInstance): Member => ({
  id: instance.id,
  type: instance.type,
  zone: instance.zone,
  subnetId: instance.subnetId,
  state: lifecycleStates[instance.state] ?? "Terminating",
  launchedAt: instance.launchedAt,
  version: instance.tags[versionTag] ?? "1",
})
