/** Numbers of linux/netlink.h, rtnetlink.h, if_link.h, fib_rules.h, neighbour.h and veth.h that Berth uses. */

export const messageType = {
  error: 2,
  done: 3,
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
  newRule: 32,
  deleteRule: 33,
  getRule: 34,
} as const

export const messageFlag = {
  request: 0x1,
  acknowledge: 0x4,
  /** On a part of a dump: the table changed meanwhile, the dump may lack or repeat entries. */
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  /** On an error: the payload of the request is left out, and attributes follow. */
  capped: 0x100,
  attributes: 0x200,
} as const

export const socketOption = { capAck: 10, extendedAck: 11, strictChecking: 12 } as const
export const errorAttribute = { message: 1 } as const

export const family = { unspecified: 0, ipv4: 2 } as const

export const linkFlag = { up: 1 } as const
export const linkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  info: 18,
  alias: 20,
  group: 27,
  namespaceFd: 28,
  extendedMask: 29,
  transmitQueues: 31,
  receiveQueues: 32,
} as const
export const linkInfo = { kind: 1, data: 2 } as const
export const vethPeer = 1
export const vlanId = 1
/** RTEXT_FILTER_SKIP_STATS: counters are half of a link's message. */
export const skipStatistics = 8

export const addressAttribute = { address: 1, local: 2, flags: 8 } as const
export const addressFlag = { noPrefixRoute: 0x200 } as const

export const routeAttribute = {
  destination: 1,
  outgoing: 4,
  gateway: 5,
  metric: 6,
  preferredSource: 7,
  table: 15,
} as const
/** RTPROT_BOOT: what `ip route add` writes; "kernel" (2) is for routes the kernel adds by itself. */
export const bootProtocol = 3
export const routeScope = { universe: 0, link: 253, host: 254, nowhere: 255 } as const
export const routeType = { unicast: 1, blackhole: 6, unreachable: 7 } as const

export const ruleAttribute = {
  destination: 1,
  source: 2,
  incoming: 3,
  priority: 6,
  mark: 10,
  table: 15,
  mask: 16,
  protocol: 21,
} as const
export const ruleToTable = 1
export const ruleInverted = 2
/** What a Rule cannot state: goto, tunnel, suppressed group, oif, l3mdev, uids, protocol, ports, dscp, flow label. */
export const foreignRuleAttributes = [4, 12, 13, 17, 19, 20, 22, 23, 24, 25, 26, 27] as const
/** Always there; this value means that nothing is suppressed. */
export const suppressedLength = { type: 14, none: 0xffffffff } as const

/** Headers have a byte for the table; larger numbers go into an attribute. */
export const largestTableInHeader = 255

export const neighbourAttribute = { address: 1, mac: 2 } as const
export const neighbourPermanent = 0x80
