/** A reply as data: members become elements in order, arrays become lists of `item` elements. */
export type Xml = string | number | boolean | Date | undefined | readonly Xml[] | XmlObject
export interface XmlObject {
  readonly [element: string]: Xml
}

/** EC2 writes `<item>` for list members; the services of the older query dialect write `<member>`. */
export type ItemName = "item" | "member"

/** `value` as the content of `name`; nothing at all when it is undefined. */
export function element(name: string, value: Xml, itemName: ItemName = "item"): string {
  if (value === undefined) return ""
  const inner = content(value, itemName)
  return inner === "" ? `<${name}/>` : `<${name}>${inner}</${name}>`
}

/** The elements of an object, without one around them. */
export const elements = (object: XmlObject, itemName: ItemName = "item"): string =>
  Object.entries(object)
    .map(([name, value]) => element(name, value, itemName))
    .join("")

function content(value: Exclude<Xml, undefined>, itemName: ItemName): string {
  if (typeof value === "string") return escapeXml(value)
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (value instanceof Date) return value.toISOString()
  if (isList(value)) return value.map((item) => element(itemName, item, itemName)).join("")
  return elements(value, itemName)
}

const isList = (value: readonly Xml[] | XmlObject): value is readonly Xml[] => Array.isArray(value)

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  // Written as references, because an XML reader turns the bare characters into line feeds or spaces.
  "\r": "&#xD;",
  "\n": "&#xA;",
  "\t": "&#x9;",
}

/** Text that survives an XML reader unchanged; characters XML 1.0 has no form for become U+FFFD. */
export const escapeXml = (s: string): string =>
  s.replace(/[&<>"\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, (c) => entities[c] ?? (isC1(c) ? c : "\uFFFD"))

/** The C1 controls are the only ones that XML 1.0 admits as they are. */
const isC1 = (c: string) => c >= "\u007F" && c <= "\u009F"
