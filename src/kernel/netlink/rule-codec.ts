import type { Rule } from "../kernel.ts"
import {
  family,
  foreignRuleAttributes,
  largestTableInHeader,
  messageFlag,
  messageType,
  ruleAttribute,
  ruleInverted,
  ruleToTable,
  suppressedLength,
} from "./constants.ts"
import { MessageWriter, readAttributes, textOf } from "./message.ts"
import { prefixOf, prefixText } from "./notation.ts"

const localTable = 255
/** RTPROT_KERNEL. */
const kernelProtocol = 2
const wholeMark = 0xffffffff

/** struct fib_rule_hdr: family, destination and source length, tos, table, two reserved, action, flags. */
function ruleBody(message: MessageWriter, rule: Rule, action: number): MessageWriter {
  const to = rule.to ? prefixOf(rule.to) : undefined
  const from = rule.from ? prefixOf(rule.from) : undefined
  const inHeader = rule.table <= largestTableInHeader
  const lengths = [to?.length ?? 0, from?.length ?? 0]
  message.u8(family.ipv4, ...lengths, 0, inHeader ? rule.table : 0, 0, 0, action).u32(0)
  message.attributeU32(ruleAttribute.priority, rule.priority)
  if (!inHeader) message.attributeU32(ruleAttribute.table, rule.table)
  if (to) message.attribute(ruleAttribute.destination, to.bytes)
  if (from) message.attribute(ruleAttribute.source, from.bytes)
  if (rule.incoming) message.attributeText(ruleAttribute.incoming, rule.incoming)
  if (rule.mark) {
    message.attributeU32(ruleAttribute.mark, rule.mark.value)
    message.attributeU32(ruleAttribute.mask, rule.mark.mask)
  }
  return message
}

/** Exclusive, because without it the kernel adds a second identical rule; EEXIST then means "is there already". */
export function encodePutRule(rule: Rule): MessageWriter {
  const flags = messageFlag.acknowledge | messageFlag.create | messageFlag.exclusive
  const message = ruleBody(new MessageWriter(messageType.newRule, flags), rule, ruleToTable)
  // In place of the kernel's own: systemd-networkd leaves alone what the kernel has made, and removes what it does not know.
  if (rule.table === localTable)
    message.attribute(ruleAttribute.protocol, Buffer.from([kernelProtocol]))
  return message
}

export const encodeRemoveRule = (rule: Rule): MessageWriter =>
  ruleBody(new MessageWriter(messageType.deleteRule, messageFlag.acknowledge), rule, 0)

export const encodeGetRules = (): MessageWriter =>
  new MessageWriter(messageType.getRule, messageFlag.dump)
    .u8(family.ipv4, 0, 0, 0, 0, 0, 0, 0)
    .u32(0)

/**
 * Undefined for rules that do something else than choose a table, or do it on conditions that a Rule cannot state:
 * read without them, somebody's rule would look like one of Berth's.
 */
export function decodeRule(body: Buffer): Rule | undefined {
  const attributes = readAttributes(body.subarray(12))
  if (body.readUInt8(7) !== ruleToTable || isForeign(body, attributes)) return undefined
  const to = attributes.get(ruleAttribute.destination)
  const from = attributes.get(ruleAttribute.source)
  const incoming = attributes.get(ruleAttribute.incoming)
  const mark = attributes.get(ruleAttribute.mark)?.readUInt32LE()
  const mask = attributes.get(ruleAttribute.mask)?.readUInt32LE() ?? wholeMark
  return {
    priority: attributes.get(ruleAttribute.priority)?.readUInt32LE() ?? 0,
    ...(from && { from: prefixText(from, body.readUInt8(2)) }),
    ...(to && { to: prefixText(to, body.readUInt8(1)) }),
    ...(mark !== undefined && { mark: { value: mark, mask } }),
    ...(incoming && { incoming: textOf(incoming) }),
    table: attributes.get(ruleAttribute.table)?.readUInt32LE() ?? body.readUInt8(4),
  }
}

function isForeign(body: Buffer, attributes: ReadonlyMap<number, Buffer>): boolean {
  const { type, none } = suppressedLength
  const suppresses = (attributes.get(type)?.readUInt32LE() ?? none) !== none
  const inverted = (body.readUInt32LE(8) & ruleInverted) !== 0
  const byTos = body.readUInt8(3) !== 0
  return suppresses || inverted || byTos || foreignRuleAttributes.some((a) => attributes.has(a))
}
