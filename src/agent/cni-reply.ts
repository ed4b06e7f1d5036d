import { BerthError } from "../errors/berth-error.ts"
import type { CniVersion } from "./cni-call.ts"

/** The router that pods see; network/pod-plan.ts wires it. */
export const podGateway = "169.254.1.1"

/** What an attachment looks like to other plugins: real names, MACs and the sandbox, in every version. */
export interface CniInterfaces {
  readonly hostLink: string
  readonly hostMac: string
  readonly podLink: string
  readonly podMac: string
  readonly netns: string
  readonly mtu: number
  /** With prefix length: 10.0.0.5/32. */
  readonly address: string
  readonly gateway: string
}

/** The success result of ADD in the version that was asked for. */
export function addResult(version: CniVersion, i: CniInterfaces): string {
  const legacy = version.startsWith("0.")
  const mtu = version === "1.1.0" ? { mtu: i.mtu } : {}
  return JSON.stringify({
    cniVersion: version,
    interfaces: [
      { name: i.hostLink, mac: i.hostMac, ...mtu },
      { name: i.podLink, mac: i.podMac, ...mtu, sandbox: i.netns },
    ],
    // The address family was a field of its own until 1.0.0.
    ips: [
      { ...(legacy ? { version: "4" } : {}), address: i.address, gateway: i.gateway, interface: 1 },
    ],
    routes: [{ dst: "0.0.0.0/0", gw: i.gateway }],
    dns: {},
  })
}

/** A CNI error; what is not of the catalogue is 999, as other plugins do it. */
export function errorResult(version: string, error: unknown): string {
  const known = error instanceof BerthError
  const msg = error instanceof Error ? error.message : String(error)
  return JSON.stringify({
    cniVersion: version,
    code: known ? error.cni : 999,
    msg,
    details: known ? `${error.hint} [${error.code}]` : "unexpected error of the agent",
  })
}
