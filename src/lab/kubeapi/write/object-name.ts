import { type Cause, complaint } from "../api-error.ts"

/** Names and labels as apimachinery's validation words its complaints. */
const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const labelForm = new RegExp(`^${label}$`)
const subdomainForm = new RegExp(`^${label}(\\.${label})*$`)
const qualifiedForm = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const labelValueForm = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

export const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const serviceRule =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const qualifiedRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

type Rule = (name: string) => string[]

const shape =
  (form: RegExp, rule: string, most: number): Rule =>
  (name) => [
    ...(name.length > most ? [`must be no more than ${most} bytes`] : []),
    ...(form.test(name) ? [] : [rule]),
  ]

const subdomain = shape(subdomainForm, subdomainRule, 253)
export const dnsLabel = shape(labelForm, labelRule, 63)
const serviceName = shape(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, serviceRule, 63)
const pathSegment: Rule = (name) =>
  name === "." || name === ".."
    ? [`may not be '${name}'`]
    : ["/", "%"].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`)

/** Kinds whose names are not subdomains. */
const rules: Readonly<Record<string, Rule>> = {
  "/namespaces": dnsLabel,
  "/services": serviceName,
  "rbac.authorization.k8s.io/roles": pathSegment,
  "rbac.authorization.k8s.io/rolebindings": pathSegment,
  "rbac.authorization.k8s.io/clusterroles": pathSegment,
  "rbac.authorization.k8s.io/clusterrolebindings": pathSegment,
}

export function nameCauses(collection: string, name: string, generated: boolean): Cause[] {
  if (name === "") {
    return [
      complaint.required(
        generated ? "metadata.generateName" : "metadata.name",
        "name or generateName is required",
      ),
    ]
  }
  const rule = rules[collection] ?? subdomain
  return rule(name).map((text) => complaint.invalid("metadata.name", name, text))
}

/** Complaints about a label or annotation key. */
export function qualifiedNameTexts(key: string): string[] {
  const parts = key.split("/")
  const [name = "", prefix] = parts.length === 2 ? [parts[1], parts[0]] : [parts[0]]
  if (parts.length > 2) return [`a valid label key must have at most one '/'`]
  return [
    ...(prefix === "" ? ["prefix part must be non-empty"] : []),
    ...(prefix ? subdomain(prefix).map((text) => `prefix part ${text}`) : []),
    ...(name === "" ? ["name part must be non-empty"] : []),
    ...(name.length > 63 ? ["name part must be no more than 63 bytes"] : []),
    ...(qualifiedForm.test(name) ? [] : [qualifiedRule]),
  ]
}

export const labelValueTexts = (value: string): string[] => [
  ...(value.length > 63 ? ["must be no more than 63 bytes"] : []),
  ...(labelValueForm.test(value) ? [] : [labelValueRule]),
]
