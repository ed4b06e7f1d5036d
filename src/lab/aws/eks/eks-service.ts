import { Ec2Fault } from "../../../ec2/memory/fault.ts"
import type { AwsReply, AwsRequest, AwsService } from "../service.ts"
import type { Eks } from "./eks.ts"
import { EksFault } from "./node-group.ts"
import { type EksRoute, eksRoutes } from "./routes.ts"

/** The EKS API (2017-11-01, REST with JSON) over the lab's one cluster. */
export function eksService(eks: Eks): AwsService {
  return async (request) => {
    try {
      return json(200, await answer(eks, request))
    } catch (error) {
      return refusal(error)
    }
  }
}

async function answer(eks: Eks, request: AwsRequest): Promise<object> {
  const found = routeOf(request)
  if (found === undefined)
    throw new EksFault("NotFoundException", `no operation ${request.method} ${request.path}`, 404)
  const { route, cluster, args } = found
  if (cluster !== undefined && cluster !== eks.cluster.name)
    throw new EksFault("ResourceNotFoundException", `No cluster found for name: ${cluster}.`, 404)
  const body: unknown = request.body === "" ? undefined : parseJson(request.body)
  const accessKeyId = request.signed?.accessKeyId
  const call = {
    action: `eks:${route.action}`,
    about: args,
    ...(accessKeyId !== undefined && { accessKeyId }),
  }
  return eks.cloud.perform(call, () => route.run(eks, { args, query: request.query, body }))
}

interface Found {
  readonly route: EksRoute
  readonly cluster: string | undefined
  readonly args: readonly string[]
}

function routeOf({ method, path }: AwsRequest): Found | undefined {
  const parts = path.split("/").map((part) => decodeURIComponent(part))
  for (const route of eksRoutes) {
    const pattern = route.path.split("/")
    if (route.method !== method || pattern.length !== parts.length) continue
    if (!pattern.every((p, i) => p.startsWith("{") || p === parts[i])) continue
    const cluster = parts[pattern.indexOf("{cluster}")]
    const args = parts.filter((_, i) => pattern[i] === "{}")
    return { route, cluster, args }
  }
  return undefined
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new EksFault("SerializationException", "the body is not valid JSON")
  }
}

function refusal(error: unknown): AwsReply {
  if (error instanceof EksFault) return fault(error.code, error.message, error.status)
  // Refusals of EC2 and Auto Scaling under an EKS operation: their text, EKS's code.
  if (error instanceof Ec2Fault) return fault(codeOf(error), error.message, error.status)
  return fault("ServerException", String(error), 500)
}

const codeOf = ({ code }: Ec2Fault) =>
  ({ UnauthorizedOperation: "AccessDeniedException", RequestLimitExceeded: "ThrottlingException" })[
    code
  ] ?? "InvalidParameterException"

const fault = (code: string, message: string, status: number): AwsReply => ({
  ...json(status, { message }),
  headers: { "x-amzn-errortype": code },
})

const json = (status: number, value: object): AwsReply => ({
  status,
  type: "application/json",
  body: JSON.stringify(value),
})
