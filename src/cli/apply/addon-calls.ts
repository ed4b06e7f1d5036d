import { DescribeAddonCommand, EKSClient, UpdateAddonCommand } from "@aws-sdk/client-eks"

/** The vpc-cni add-on of one cluster. */
export interface AddonCalls {
  read(): Promise<{ status: string; configuration: Record<string, unknown> }>
  update(configuration: Record<string, unknown>): Promise<void>
}

export function sdkAddon(options: {
  region: string
  cluster: string
  endpoint?: string
}): AddonCalls {
  const { cluster, ...place } = options
  const client = new EKSClient({ ...place, maxAttempts: 5 })
  const named = { clusterName: cluster, addonName: "vpc-cni" }
  return {
    async read() {
      const { addon } = await client.send(new DescribeAddonCommand(named))
      const configuration: unknown = JSON.parse(addon?.configurationValues || "{}")
      return {
        status: addon?.status ?? "",
        configuration:
          typeof configuration === "object" && configuration !== null ? { ...configuration } : {},
      }
    },
    async update(configuration) {
      const values = JSON.stringify(configuration)
      // PRESERVE: what others have set on the DaemonSet stays.
      await client.send(
        new UpdateAddonCommand({
          ...named,
          configurationValues: values,
          resolveConflicts: "PRESERVE",
        }),
      )
    },
  }
}
