import { isError } from "../../errors/catalogue.ts"
import type { CallOptions, Ec2 } from "../ec2.ts"
import { ec2Error, type Subject } from "../errors.ts"
import {
  type Filter,
  findsNothing,
  groupFilters,
  interfaceFilters,
  subnetFilters,
} from "../filter.ts"
import type { Client } from "./client.ts"
import { awsErrorOf } from "./sdk-error.ts"
import { groupFrom, instanceFrom, interfaceFrom, subnetFrom, vpcFrom } from "./to-model.ts"
import { assignInput, createInput, modifyInput } from "./to-sdk.ts"

export interface SdkOptions {
  readonly region: string
  /** Another address than the region's own, such as the lab's. Default: AWS_ENDPOINT_URL_EC2, else the region's. */
  readonly endpoint?: string
  /** Tries of the SDK itself; 1 where a call budget retries. Default 3. */
  readonly maxAttempts?: number
  /** Default: the SDK's credential chain (environment, files, IRSA, Pod Identity, instance role). */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

/** EC2 through the official SDK. Errors are the catalogue's; an aborted call rejects with the signal's reason. */
export function sdkEc2(options: SdkOptions): Ec2 {
  const call = caller(options)
  return { ...describing(call), ...changing(call) }
}

type Call = ReturnType<typeof caller>
type Describing = Extract<keyof Ec2, `describe${string}`>

function describing(call: Call): Pick<Ec2, Describing> {
  return {
    describeVpcs: (q, o) =>
      call({ action: "DescribeVpcs" }, o, async (client, signal) => {
        const found = await pages(q, [], (page) =>
          client.describeVpcs({ ...idsAs("VpcIds", q.ids), ...page }, signal),
        )
        return found.flatMap((p) => p.Vpcs ?? []).map(vpcFrom)
      }),
    describeSubnets: (q, o) =>
      call({ action: "DescribeSubnets" }, o, async (client, signal) => {
        const found = await pages(q, subnetFilters(q), (page) =>
          client.describeSubnets({ ...idsAs("SubnetIds", q.ids), ...page }, signal),
        )
        return found.flatMap((p) => p.Subnets ?? []).map(subnetFrom)
      }),
    describeSecurityGroups: (q, o) =>
      call({ action: "DescribeSecurityGroups" }, o, async (client, signal) => {
        const found = await pages(q, groupFilters(q), (page) =>
          client.describeGroups({ ...idsAs("GroupIds", q.ids), ...page }, signal),
        )
        return found.flatMap((p) => p.SecurityGroups ?? []).map(groupFrom)
      }),
    describeInstances: (q, o) =>
      call({ action: "DescribeInstances" }, o, async (client, signal) => {
        const found = await pages(q, [], (page) =>
          client.describeInstances({ ...idsAs("InstanceIds", q.ids), ...page }, signal),
        )
        const reservations = found.flatMap((p) => p.Reservations ?? [])
        return reservations.flatMap((r) => r.Instances ?? []).map(instanceFrom)
      }),
    describeNetworkInterfaces: (q, o) =>
      call({ action: "DescribeNetworkInterfaces" }, o, async (client, signal) => {
        const found = await pages(q, interfaceFilters(q), (page) =>
          client.describeInterfaces({ ...idsAs("NetworkInterfaceIds", q.ids), ...page }, signal),
        )
        return found.flatMap((p) => p.NetworkInterfaces ?? []).map(interfaceFrom)
      }),
  }
}

function changing(call: Call): Omit<Ec2, Describing> {
  return {
    createNetworkInterface: (r, o) =>
      call({ action: "CreateNetworkInterface", subnet: r.subnetId }, o, async (client, signal) =>
        interfaceFrom((await client.create(createInput(r), signal)).NetworkInterface ?? {}),
      ),
    attachNetworkInterface: (r, o) =>
      call({ action: "AttachNetworkInterface", resource: r.id }, o, async (client, signal) => {
        const slot = { DeviceIndex: r.deviceIndex, NetworkCardIndex: r.networkCard ?? 0 }
        const ids = { NetworkInterfaceId: r.id, InstanceId: r.instanceId }
        return (await client.attach({ ...ids, ...slot }, signal)).AttachmentId ?? ""
      }),
    detachNetworkInterface: ({ attachmentId, force = false }, o) =>
      call({ action: "DetachNetworkInterface", resource: attachmentId }, o, (client, signal) =>
        client.detach({ AttachmentId: attachmentId, Force: force }, signal).then(nothing),
      ),
    deleteNetworkInterface: ({ id }, o) =>
      call({ action: "DeleteNetworkInterface", resource: id }, o, (client, signal) =>
        client.delete({ NetworkInterfaceId: id }, signal).then(nothing),
      ).catch(missingIsSuccess),
    modifyNetworkInterface: (r, o) =>
      call({ action: "ModifyNetworkInterfaceAttribute", resource: r.id }, o, (client, signal) =>
        client.modify(modifyInput(r), signal).then(nothing),
      ),
    assignAddresses: (r, o) =>
      call({ action: "AssignPrivateIpAddresses", eni: r.id }, o, async (client, signal) => {
        const reply = await client.assign(assignInput(r), signal)
        const addresses = reply.AssignedPrivateIpAddresses ?? []
        const prefixes = reply.AssignedIpv4Prefixes ?? []
        return {
          addresses: addresses.flatMap((a) => a.PrivateIpAddress ?? []),
          prefixes: prefixes.flatMap((p) => p.Ipv4Prefix ?? []),
        }
      }),
    unassignAddresses: ({ id, addresses = [], prefixes = [] }, o) =>
      call({ action: "UnassignPrivateIpAddresses", eni: id }, o, (client, signal) => {
        const lists = {
          ...(addresses.length > 0 && { PrivateIpAddresses: [...addresses] }),
          ...(prefixes.length > 0 && { Ipv4Prefixes: [...prefixes] }),
        }
        return client.unassign({ NetworkInterfaceId: id, ...lists }, signal).then(nothing)
      }),
  }
}

const nothing = () => {}

function missingIsSuccess(error: unknown): void {
  if (!isError(error, "ec2/not-found")) throw error
}

/** Loads the SDK at the first call and puts what it throws into the catalogue's words. */
function caller(options: SdkOptions) {
  let loading: Promise<Client> | undefined
  return async <T>(
    about: Subject & { readonly action: string },
    { signal }: CallOptions = {},
    send: (client: Client, signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> => {
    signal?.throwIfAborted()
    loading ??= import("./client.ts").then((m) => m.createClient(options))
    try {
      return await send(await loading, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw ec2Error(about.action, awsErrorOf(error), about)
    }
  }
}

const pageSize = 1000

interface PageRequest {
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Filters?: { Name: string; Values: string[] }[]
}

/** Every page of a describe call. EC2 refuses MaxResults with ids, and charges a smaller bucket without either. */
async function pages<O extends { NextToken?: string | undefined }>(
  query: Parameters<typeof findsNothing>[0],
  filters: readonly Filter[],
  call: (page: PageRequest) => Promise<O>,
): Promise<O[]> {
  const all: O[] = []
  if (findsNothing(query)) return all
  const request: PageRequest = {
    ...(filters.length > 0 && {
      Filters: filters.map((f) => ({ Name: f.name, Values: [...f.values] })),
    }),
    ...(query.ids === undefined && { MaxResults: pageSize }),
  }
  let token: string | undefined
  do {
    const page: O = await call({ ...request, ...(token !== undefined && { NextToken: token }) })
    all.push(page)
    token = page.NextToken
  } while (token)
  return all
}

const idsAs = <K extends string>(name: K, ids: readonly string[] | undefined) =>
  (ids !== undefined && ids.length > 0 ? { [name]: [...ids] } : {}) as { [_ in K]?: string[] }
