import type { Tags } from "../vpc/model.ts"
import type { GroupQuery, InterfaceQuery, SubnetQuery } from "./ec2.ts"

/** One filter of a describe call: values are alternatives, filters must all match. */
export interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

/** Drops filters without a value and adds the tags: `*` asks only that the key exists. */
function filters(fields: Record<string, string | readonly string[] | undefined>, tags?: Tags) {
  const list: Filter[] = []
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined)
      list.push({ name, values: typeof value === "string" ? [value] : value })
  for (const [key, value] of Object.entries(tags ?? {}))
    list.push(
      value === "*"
        ? { name: "tag-key", values: [literal(key)] }
        : { name: `tag:${key}`, values: [literal(value)] },
    )
  return list
}

/** A query that names an empty list: it finds nothing, where EC2 would take it for no condition at all. */
export const findsNothing = (query: {
  readonly ids?: readonly string[]
  readonly instanceId?: string | readonly string[]
}): boolean => query.ids?.length === 0 || query.instanceId?.length === 0

/** EC2 reads `*` and `?` in a filter value as wildcards; a backslash makes them ordinary. */
const literal = (value: string) => value.replace(/[\\*?]/g, "\\$&")

export const subnetFilters = (q: SubnetQuery): Filter[] =>
  filters({ "vpc-id": q.vpcId, "availability-zone": q.zone }, q.tags)

export const groupFilters = (q: GroupQuery): Filter[] =>
  filters({ "vpc-id": q.vpcId, "group-name": q.names?.map(literal) }, q.tags)

export const interfaceFilters = (q: InterfaceQuery): Filter[] =>
  filters(
    {
      "attachment.instance-id": q.instanceId,
      "subnet-id": q.subnetId,
      "vpc-id": q.vpcId,
      status: q.status,
    },
    q.tags,
  )
