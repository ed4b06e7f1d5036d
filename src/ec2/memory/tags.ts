import type { Tags } from "../../vpc/model.ts"
import type { Core, Views } from "./core.ts"
import { Ec2Fault, notFound } from "./fault.ts"
import { type FilterFields, select } from "./match.ts"
import { type ResourceKind, type Resources, resourceKinds } from "./records.ts"
import type { Table } from "./table.ts"
import type { Describe } from "./views.ts"

const tagsPerResourceMax = 50

/** Name of each kind of resource in DescribeTags and TagSpecification. */
const resourceTypes: Readonly<Record<ResourceKind, string>> = {
  vpc: "vpc",
  subnet: "subnet",
  securityGroup: "security-group",
  networkInterface: "network-interface",
  instance: "instance",
  routeTable: "route-table",
  internetGateway: "internet-gateway",
  natGateway: "natgateway",
  elasticAddress: "elastic-ip",
  subnetReservation: "subnet-cidr-reservation",
  launchTemplate: "launch-template",
}

export interface TagRow {
  readonly id: string
  readonly key: string
  readonly value: string
  readonly resourceId: string
  readonly resourceType: string
  readonly tags: Tags
}

/** Every tag of every resource. Cost: all resources. */
export function describeTags(views: Views, query: Describe): TagRow[] {
  const rows = resourceKinds.flatMap((kind) =>
    [...views[kind].all()].flatMap((row: { readonly id: string; readonly tags: Tags }) =>
      Object.entries(row.tags).map(([key, value]) => ({
        id: `${row.id} ${key}`,
        key,
        value,
        resourceId: row.id,
        resourceType: resourceTypes[kind],
        tags: {},
      })),
    ),
  )
  return select({ get: () => undefined, all: () => rows, in: () => [] }, { ...query, fields })
}

const fields: FilterFields<TagRow> = {
  key: (t) => t.key,
  value: (t) => t.value,
  "resource-id": (t) => t.resourceId,
  "resource-type": (t) => t.resourceType,
}

/** Sets tags on resources of any kind; one unknown id refuses the whole request. */
export function createTags(core: Core, input: { ids: readonly string[]; tags: Tags }): void {
  for (const key of Object.keys(input.tags))
    if (key.startsWith("aws:"))
      throw new Ec2Fault(
        "InvalidParameterValue",
        `Value ( ${key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`,
      )
  change(core, input.ids, (tags) => {
    const merged = { ...tags, ...input.tags }
    if (Object.keys(merged).length > tagsPerResourceMax)
      throw new Ec2Fault("TagLimitExceeded", "The maximum number of tags has been reached.")
    return merged
  })
}

/** Removes tags: a value, when given, must match. Absent tags are no fault. */
export function deleteTags(
  core: Core,
  input: {
    ids: readonly string[]
    tags: readonly { key: string; value?: string | undefined }[]
  },
): void {
  const gone = (key: string, value: string) =>
    input.tags.some((t) => t.key === key && (t.value ?? value) === value)
  change(core, input.ids, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key, value]) => !gone(key, value))),
  )
}

function change(core: Core, ids: readonly string[], to: (tags: Tags) => Tags): void {
  const edits = ids.map((id) => {
    for (const kind of resourceKinds) {
      const edit = editOf(core, { kind, id }, to)
      if (edit) return edit
    }
    throw notFound(id)
  })
  for (const edit of edits) edit()
}

function editOf<K extends ResourceKind>(
  core: Core,
  { kind, id }: { kind: K; id: string },
  to: (tags: Tags) => Tags,
): (() => void) | undefined {
  const table: Table<Resources[K]> = core.tables[kind]
  const row = table.get(id)
  if (row === undefined) return undefined
  const tags = to(row.tags)
  return () => void table.put({ ...row, tags })
}
