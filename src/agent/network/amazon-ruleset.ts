import type { NetNamespace } from "../../kernel/kernel.ts"

/**
 * Takes away what Amazon VPC CNI left on a node that is not replaced: its source NAT follows the settings of its last
 * day for ever, and would translate what Berth is told to leave alone. Its chains in table nat are found by name, as
 * its rules' comments are not readable through nft; its rules in table mangle stay, they set the same marks as Berth.
 * Rules of the iptables-legacy back end are invisible to nft and stay until the node is restarted.
 * Returns whether there was anything. Errors: kernel/nft.
 */
export async function removeAmazonRuleset(host: NetNamespace): Promise<boolean> {
  const script = amazonRemoval(
    await host.nftTable("ip", "nat"),
    (await host.nftTable("ip", "aws-cni")) !== undefined,
  )
  if (script === "") return false
  await host.nft(script)
  return true
}

/** The transaction for that, from `nft -j list table ip nat`; empty when there is nothing to do. */
export function amazonRemoval(nat: unknown, hasOwnTable: boolean): string {
  const items = (nat as Listing | undefined | null)?.nftables ?? []
  const jumps = items.flatMap(({ rule }) =>
    rule?.expr.some((e) => isAmazons(e.jump?.target)) && !isAmazons(rule.chain)
      ? [`delete rule ip nat ${rule.chain} handle ${rule.handle}`]
      : [],
  )
  const chains = items.flatMap(({ chain }) => (isAmazons(chain?.name) ? [`${chain?.name}`] : []))
  return [
    ...jumps,
    ...chains.map((name) => `flush chain ip nat ${name}`),
    ...chains.map((name) => `delete chain ip nat ${name}`),
    ...(hasOwnTable ? ["delete table ip aws-cni"] : []),
  ]
    .map((line) => `${line}\n`)
    .join("")
}

const isAmazons = (name: string | undefined): boolean =>
  /^AWS-(SNAT|CONNMARK)-CHAIN-\d+$/.test(name ?? "")

/** The part of nft's JSON (libnftables-json(5)) that matters here. */
interface Listing {
  readonly nftables?: readonly {
    readonly chain?: { readonly name: string }
    readonly rule?: {
      readonly chain: string
      readonly handle: number
      readonly expr: readonly { readonly jump?: { readonly target: string } }[]
    }
  }[]
}
