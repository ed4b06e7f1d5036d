import type { Cloud } from "../../ec2/memory/cloud.ts"
import { Ec2Fault } from "../../ec2/memory/fault.ts"
import type { Action } from "./ec2/action.ts"
import { type Param, parseForm } from "./form.ts"
import type { AwsReply, AwsRequest, AwsService } from "./service.ts"
import { element, elements, type XmlObject } from "./xml.ts"

/**
 * How a service's answers look. `ec2` is EC2's own dialect; `query` the older one of Auto Scaling and STS, which wraps
 * results and names list members differently.
 */
export type Dialect = "ec2" | "query"

export interface QueryOptions {
  readonly cloud: Cloud
  readonly actions: Readonly<Record<string, Action>>
  readonly dialect: Dialect
  readonly namespace: string
  /** Put before an action's name where the cloud counts calls and injects failures; "" for EC2. */
  readonly prefix: string
}

/** A service of the AWS query protocol: parameters in a form, answers in XML. */
export function queryService(options: QueryOptions): AwsService {
  return async (request) => {
    const form = request.method === "GET" ? request.query : new URLSearchParams(request.body)
    const name = form.get("Action") ?? ""
    try {
      const result = await perform(options, { name, form, request })
      return xml(200, envelope(options, { name, result, requestId: request.id }))
    } catch (error) {
      const fault =
        error instanceof Ec2Fault
          ? error
          : new Ec2Fault("InternalError", `An internal error has occurred: ${String(error)}`, 500)
      return xml(fault.status, refusal(options.dialect, fault, request.id))
    }
  }
}

async function perform(
  { cloud, actions, prefix }: QueryOptions,
  { name, form, request }: { name: string; form: URLSearchParams; request: AwsRequest },
): Promise<XmlObject> {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined)
    throw new Ec2Fault("InvalidAction", `The action ${name} is not valid for this web service.`)
  const { dryRun, unfiltered, run } = action.prepare(actionParams(form))
  const accessKeyId = request.signed?.accessKeyId
  const call = {
    action: prefix + name,
    about: [...form.values()],
    dryRun,
    unfiltered,
    ...(accessKeyId !== undefined && { accessKeyId }),
  }
  return cloud.perform(call, (core, views) => run({ cloud, core, views }))
}

/** The parameters without those of the protocol itself. */
function actionParams(form: URLSearchParams): Param {
  const own = new URLSearchParams(form)
  for (const name of form.keys())
    if (name === "Action" || name === "Version" || name.startsWith("X-Amz-")) own.delete(name)
  return parseForm(own)
}

function envelope(
  { dialect, namespace }: QueryOptions,
  { name, result, requestId }: { name: string; result: XmlObject; requestId: string },
): string {
  const content =
    dialect === "ec2"
      ? element("requestId", requestId) + elements(result)
      : `<${name}Result>${elements(result, "member")}</${name}Result>${element("ResponseMetadata", { RequestId: requestId })}`
  return `<${name}Response xmlns="${namespace}">${content}</${name}Response>`
}

function refusal(dialect: Dialect, { code, message }: Ec2Fault, requestId: string): string {
  const error = { Code: code, Message: message }
  if (dialect === "ec2")
    return element("Response", { Errors: { Error: error }, RequestID: requestId })
  return element("ErrorResponse", { Error: { Type: "Sender", ...error }, RequestId: requestId })
}

const xml = (status: number, body: string): AwsReply => ({
  status,
  type: "text/xml;charset=UTF-8",
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
})
