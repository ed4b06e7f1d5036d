const reference = /\$\{(subnet|block):([^}]+)\}/g

/** Puts real ids, or a format's own way to name them, where a plan says `${subnet:ZONE}` or `${block:CIDR}`. */
export const fillReferences = (
  text: string,
  fill: (kind: "subnet" | "block", key: string) => string,
): string =>
  text.replace(reference, (_, kind: string, key: string) =>
    fill(kind === "subnet" ? "subnet" : "block", key),
  )

/** The same for every string inside a plain value. */
export function fillDeep<T>(value: T, fill: Parameters<typeof fillReferences>[1]): T {
  return JSON.parse(fillReferences(JSON.stringify(value), fill)) as T
}

/** us-west-2a becomes us_west_2a: what shells and Terraform take as a name. */
export const snake = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, "_")

/** us-west-2a becomes UsWest2a, for CloudFormation's logical ids. */
export const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("")

/** `$SUBNET_US_WEST_2A` in braces, as envsubst and shells read it. */
export const shellName = (kind: string, key: string): string =>
  `${kind}_${snake(key)}`.toUpperCase()
export const shellReference = (kind: string, key: string): string => `\${${shellName(kind, key)}}`
