import { randomUUID } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { Ec2Fault } from "../../ec2/memory/fault.ts"
import { readBody } from "./body.ts"
import { ec2Actions } from "./ec2/actions.ts"
import { type Param, parseForm } from "./form.ts"
import { signatureOf } from "./sigv4.ts"
import { element, elements, type XmlObject } from "./xml.ts"

const namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"

/** Serves the EC2 query protocol (version 2016-11-15) over `cloud` to unmodified clients. */
export function createEc2Server(cloud: Cloud): RequestListener {
  return (request, response) => {
    const requestId = randomUUID()
    answer(cloud, request, requestId).then(
      (body) => send(response, 200, body),
      (error: unknown) => sendFault(response, error, requestId),
    )
  }
}

async function answer(cloud: Cloud, request: IncomingMessage, requestId: string): Promise<string> {
  const query = new URL(request.url ?? "/", "http://ec2").searchParams
  const form = request.method === "GET" ? query : new URLSearchParams(await readBody(request))
  const name = form.get("Action") ?? ""
  const reply = await perform(cloud, {
    name,
    form,
    accessKeyId: signatureOf(request, query)?.accessKeyId,
  })
  const body = element("requestId", requestId) + elements(reply)
  return `<${name}Response xmlns="${namespace}">${body}</${name}Response>`
}

async function perform(
  cloud: Cloud,
  call: { name: string; form: URLSearchParams; accessKeyId: string | undefined },
): Promise<XmlObject> {
  const action = Object.hasOwn(ec2Actions, call.name) ? ec2Actions[call.name] : undefined
  if (action === undefined)
    throw new Ec2Fault(
      "InvalidAction",
      `The action ${call.name} is not valid for this web service.`,
    )
  const prepared = action.prepare(actionParams(call.form))
  return cloud.perform(
    {
      action: call.name,
      about: [...call.form.values()],
      dryRun: prepared.dryRun,
      unfiltered: prepared.unfiltered,
      ...(call.accessKeyId !== undefined && { accessKeyId: call.accessKeyId }),
    },
    (core, views) => prepared.run({ cloud, core, views }),
  )
}

/** The parameters without those of the protocol itself. */
function actionParams(form: URLSearchParams): Param {
  const own = new URLSearchParams(form)
  own.delete("Action")
  own.delete("Version")
  for (const name of form.keys()) if (name.startsWith("X-Amz-")) own.delete(name)
  return parseForm(own)
}

function sendFault(response: ServerResponse, error: unknown, requestId: string): void {
  const fault =
    error instanceof Ec2Fault
      ? error
      : new Ec2Fault("InternalError", `An internal error has occurred: ${String(error)}`, 500)
  const errors = elements({ Error: { Code: fault.code, Message: fault.message } })
  send(
    response,
    fault.status,
    `<Response><Errors>${errors}</Errors>${element("RequestID", requestId)}</Response>`,
  )
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/xml;charset=UTF-8" })
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`)
}
