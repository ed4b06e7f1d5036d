import { Ec2Fault } from "../../../ec2/memory/fault.ts"
import { type PolicyDocument, refusal } from "./policy-document.ts"

/** The roles of the account with their inline policies. Access keys that belong to no role may do everything. */
export class Roles {
  readonly #account: string
  readonly #policies = new Map<string, Map<string, string>>()
  readonly #roleOfKey = new Map<string, string>()

  constructor(account: string) {
    this.#account = account
  }

  /** A role that signs with `accessKeyId`. */
  add(role: string, accessKeyId: string): void {
    this.#policies.set(role, new Map())
    this.#roleOfKey.set(accessKeyId, role)
  }

  put(role: string, name: string, document: string): void {
    if (!isDocument(document))
      throw new Ec2Fault("MalformedPolicyDocument", "Syntax errors in policy.", 400)
    this.#of(role).set(name, document)
  }

  get(role: string, name: string): string {
    const document = this.#of(role).get(name)
    if (document === undefined)
      throw noSuchEntity(`The role policy with name ${name} cannot be found.`)
    return document
  }

  remove(role: string, name: string): void {
    this.get(role, name)
    this.#of(role).delete(name)
  }

  names = (role: string): string[] => [...this.#of(role).keys()]

  /** Why the holder of a key may not call an action such as `ec2:CreateTags`, in EC2's words. */
  refusal(accessKeyId: string | undefined, action: string): string | undefined {
    const role = this.#roleOfKey.get(accessKeyId ?? "")
    if (role === undefined) return undefined
    const documents = [...this.#of(role).values()].map((d) => JSON.parse(d) as PolicyDocument)
    const why = refusal(documents, action)
    if (why === undefined) return undefined
    const user = `arn:aws:sts::${this.#account}:assumed-role/${role}/lab`
    return `You are not authorized to perform this operation. User: ${user} is not authorized to perform: ${action} ${why}`
  }

  #of(role: string): Map<string, string> {
    const policies = this.#policies.get(role)
    if (policies === undefined) throw noSuchEntity(`The role with name ${role} cannot be found.`)
    return policies
  }
}

const noSuchEntity = (message: string) => new Ec2Fault("NoSuchEntity", message, 404)

function isDocument(text: string): boolean {
  try {
    const document = JSON.parse(text) as { Version?: string; Statement?: unknown }
    return document.Version === "2012-10-17" && typeof document.Statement === "object"
  } catch {
    return false
  }
}
