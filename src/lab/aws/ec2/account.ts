import { limitsOf } from "../../../ec2/memory/limits.ts"
import { select } from "../../../ec2/memory/match.ts"
import { type InstanceLimits, instanceTypes } from "../../../vpc/instance-limits.ts"
import { ignored, list, text } from "../shape.ts"
import type { XmlObject } from "../xml.ts"
import { type Action, action, describe, filter } from "./action.ts"

interface TypeRow extends InstanceLimits {
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
}

const typeRow = (id: string): TypeRow => ({ id, tags: {}, ...limitsOf(id) })

/** The sum over all cards is MaximumNetworkInterfaces; what pods can use is the default card's number. */
const showType = (type: TypeRow): XmlObject => ({
  instanceType: type.id,
  currentGeneration: true,
  bareMetal: type.isBareMetal,
  hypervisor: type.hypervisor ?? undefined,
  networkInfo: {
    maximumNetworkInterfaces: type.networkCards.reduce((sum, n) => sum + n, 0),
    maximumNetworkCards: type.networkCards.length,
    defaultNetworkCardIndex: type.defaultNetworkCardIndex,
    networkCards: type.networkCards.map((maximumNetworkInterfaces, networkCardIndex) => ({
      networkCardIndex,
      maximumNetworkInterfaces,
    })),
    ipv4AddressesPerInterface: type.ipv4PerEni,
    ipv6AddressesPerInterface: type.ipv4PerEni,
    ipv6Supported: true,
    enaSupport: "required",
  },
})

const quotas: Readonly<Record<string, string>> = {
  "supported-platforms": "VPC",
  "vpc-max-security-groups-per-interface": "5",
  "max-instances": "1000",
  "vpc-max-elastic-ips": "200",
  "default-vpc": "none",
}

export const accountActions: Readonly<Record<string, Action>> = {
  DescribeAvailabilityZones: action({
    in: {
      ZoneName: list(text),
      ZoneId: list(text),
      Filter: list(filter),
      AllAvailabilityZones: ignored,
    },
    run: ({ cloud, core }, p) => {
      const rows = core.zones
        .filter((z) => p.ZoneName === undefined || p.ZoneName.includes(z.name))
        .filter((z) => p.ZoneId === undefined || p.ZoneId.includes(z.id))
        .map((z) => ({ id: z.name, zoneId: z.id, tags: {} }))
      const filters = (p.Filter ?? []).map((f) => ({ name: f.Name, values: f.Value ?? [] }))
      const view = { get: () => undefined, all: () => rows, in: () => [] }
      const fields = {
        "zone-name": (z: { id: string }) => z.id,
        "zone-id": (z: { zoneId: string }) => z.zoneId,
        "region-name": () => cloud.region,
        state: () => "available",
        "zone-type": () => "availability-zone",
        "opt-in-status": () => "opt-in-not-required",
      }
      return {
        availabilityZoneInfo: select(view, { filters, fields }).map((zone) => ({
          optInStatus: "opt-in-not-required",
          regionName: cloud.region,
          zoneName: zone.id,
          zoneId: zone.zoneId,
          groupName: cloud.region,
          networkBorderGroup: cloud.region,
          zoneType: "availability-zone",
          zoneState: "available",
          messageSet: [],
        })),
      }
    },
  }),

  DescribeRegions: action({
    in: { RegionName: list(text), AllRegions: ignored, Filter: ignored },
    run: ({ cloud }) => ({
      regionInfo: [
        {
          regionName: cloud.region,
          regionEndpoint: `ec2.${cloud.region}.amazonaws.com`,
          optInStatus: "opt-in-not-required",
        },
      ],
    }),
  }),

  DescribeAccountAttributes: action({
    in: { AttributeName: list(text) },
    run: (_, p) => ({
      accountAttributeSet: Object.entries(quotas)
        .filter(([name]) => p.AttributeName === undefined || p.AttributeName.includes(name))
        .map(([attributeName, attributeValue]) => ({
          attributeName,
          attributeValueSet: [{ attributeValue }],
        })),
    }),
  }),

  DescribeInstanceTypes: describe({
    ids: "InstanceType",
    set: "instanceTypeSet",
    ignores: ["IncludeUnsupportedInRegion"],
    read: (_, query) =>
      select(
        { get: typeRow, all: () => instanceTypes.map(typeRow), in: () => [] },
        {
          ...query,
          fields: {
            "instance-type": (t) => t.id,
            "bare-metal": (t) => String(t.isBareMetal),
            hypervisor: (t) => t.hypervisor ?? undefined,
            "current-generation": () => "true",
          },
        },
      ),
    show: showType,
  }),
}
