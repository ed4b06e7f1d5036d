import type { CallOptions, Ec2 } from "../ec2.ts"
import { ec2Error, type Subject } from "../errors.ts"
import { findsNothing, groupFilters, interfaceFilters, subnetFilters } from "../filter.ts"
import { attachInterface, detachInterface } from "./attachments.ts"
import type { Cloud, CloudCall } from "./cloud.ts"
import type { Core, Views } from "./core.ts"
import { Ec2Fault } from "./fault.ts"
import {
  assignAddresses,
  createInterface,
  deleteInterface,
  modifyInterface,
  unassignAddresses,
} from "./interfaces.ts"
import { modelInstance, modelInterface, modelSubnet, modelVpc } from "./model.ts"
import {
  describeInstances,
  describeInterfaces,
  describeSecurityGroups,
  describeSubnets,
  describeVpcs,
} from "./views.ts"

/** The EC2 port straight on the emulated cloud, without the wire. */
export function memoryEc2(cloud: Cloud): Ec2 {
  const call = caller(cloud)
  return { ...describing(call), ...changing(call) }
}

type Call = ReturnType<typeof caller>
type Describing = Extract<keyof Ec2, `describe${string}`>

/** Performs a call in the cloud and puts its refusals into the catalogue's words. */
function caller(cloud: Cloud) {
  return async <T>(
    about: CloudCall,
    options: CallOptions | undefined,
    effect: (core: Core, views: Views) => T,
  ): Promise<T> => {
    options?.signal?.throwIfAborted()
    try {
      return await abandonable(cloud.perform(about, effect), options?.signal)
    } catch (error) {
      if (error instanceof Ec2Fault) throw ec2Error(about.action, error, subjectOf(about))
      throw error
    }
  }
}

function describing(call: Call): Pick<Ec2, Describing> {
  const describe = async <T>(
    action: string,
    query: Parameters<typeof findsNothing>[0],
    o: CallOptions | undefined,
    read: (views: Views) => T[],
  ): Promise<T[]> => (findsNothing(query) ? [] : call({ action }, o, (_, views) => read(views)))

  return {
    describeVpcs: (q, o) => describe("DescribeVpcs", q, o, (v) => describeVpcs(v, q).map(modelVpc)),
    describeSubnets: (q, o) =>
      describe("DescribeSubnets", q, o, (v) =>
        describeSubnets(v, { ...q, filters: subnetFilters(q) }).map(modelSubnet),
      ),
    describeSecurityGroups: (q, o) =>
      describe("DescribeSecurityGroups", q, o, (v) =>
        describeSecurityGroups(v, { ...q, filters: groupFilters(q) }).map(
          ({ id, name, vpcId, tags }) => ({ id, name, vpcId, tags }),
        ),
      ),
    describeInstances: (q, o) =>
      describe("DescribeInstances", q, o, (v) =>
        describeInstances(v, q).map((i) => modelInstance(v, i)),
      ),
    describeNetworkInterfaces: (q, o) =>
      describe("DescribeNetworkInterfaces", q, o, (v) =>
        describeInterfaces(v, { ...q, filters: interfaceFilters(q) }).map(modelInterface),
      ),
  }
}

function changing(call: Call): Omit<Ec2, Describing> {
  return {
    createNetworkInterface: (r, o) =>
      call({ action: "CreateNetworkInterface", about: [r.subnetId] }, o, (core) =>
        modelInterface(createInterface(core, r)),
      ),
    attachNetworkInterface: (r, o) =>
      call({ action: "AttachNetworkInterface", about: [r.id, r.instanceId] }, o, (core) =>
        attachInterface(core, r),
      ),
    detachNetworkInterface: (r, o) =>
      call({ action: "DetachNetworkInterface", about: [r.attachmentId] }, o, (core) =>
        detachInterface(core, r),
      ),
    deleteNetworkInterface: (r, o) =>
      call({ action: "DeleteNetworkInterface", about: [r.id] }, o, (core) => {
        if (core.tables.networkInterface.get(r.id) !== undefined) deleteInterface(core, r)
      }),
    modifyNetworkInterface: (r, o) =>
      call({ action: "ModifyNetworkInterfaceAttribute", about: [r.id] }, o, (core) =>
        modifyInterface(
          core,
          "attachmentId" in r
            ? {
                id: r.id,
                attachment: { id: r.attachmentId, deleteOnTermination: r.deleteOnTermination },
              }
            : r,
        ),
      ),
    assignAddresses: (r, o) =>
      call({ action: "AssignPrivateIpAddresses", about: [r.id] }, o, (core) =>
        assignAddresses(core, r),
      ),
    unassignAddresses: (r, o) =>
      call({ action: "UnassignPrivateIpAddresses", about: [r.id] }, o, (core) =>
        unassignAddresses(core, r),
      ),
  }
}

const subjectOf = ({ about: [id = ""] = [] }: CloudCall): Subject => ({
  ...(id.startsWith("subnet-") ? { subnet: id } : id.startsWith("eni-") && { eni: id }),
  resource: id,
})

/** Rejects as soon as the caller gives up; what was begun in the cloud goes on, as over a network. */
async function abandonable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const gone = Promise.withResolvers<never>()
  const abort = () => gone.reject(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([work, gone.promise])
  } finally {
    signal.removeEventListener("abort", abort)
    work.catch(() => {})
  }
}
