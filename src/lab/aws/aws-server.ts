import type { RequestListener } from "node:http"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { autoScalingActions } from "./autoscaling/actions.ts"
import type { AutoScaling } from "./autoscaling/auto-scaling.ts"
import { ec2Service } from "./ec2-server.ts"
import type { Eks } from "./eks/eks.ts"
import { eksService } from "./eks/eks-service.ts"
import { iamService } from "./iam/iam-service.ts"
import type { Roles } from "./iam/roles.ts"
import { queryService } from "./query-service.ts"
import { type AwsReply, type AwsRequest, type AwsService, listenFor } from "./service.ts"
import { signatureFault } from "./sigv4.ts"
import { stsService } from "./sts.ts"
import { element } from "./xml.ts"

export interface AwsServerOptions {
  readonly cloud: Cloud
  readonly groups?: AutoScaling
  readonly eks?: Eks
  readonly roles?: Roles
  /** Secret by access key; requests must then be signed, and rightly. Default: any signature or none is taken. */
  readonly secrets?: ReadonlyMap<string, string>
}

type ServiceName = "ec2" | "autoscaling" | "eks" | "iam" | "sts"

/** The services of one account behind one address; each request goes where its signature says it belongs. */
export function createAwsServer(options: AwsServerOptions): RequestListener {
  const { cloud, groups, eks, roles, secrets } = options
  const services: Partial<Record<string, AwsService>> = {
    ec2: ec2Service(cloud),
    sts: stsService(cloud),
    ...(groups && { autoscaling: autoScalingService(cloud, groups) }),
    ...(eks && { eks: eksService(eks) }),
    ...(roles && { iam: iamService(cloud, roles) }),
  }
  return listenFor(async (request) => {
    const name = request.signed?.service ?? guess(request)
    const service = services[name]
    const fault = secrets && faultOf(request, secrets, cloud.core.now())
    if (fault) return refuse(name, name === "ec2" ? ec2Code(fault) : fault, notValidated)
    if (service === undefined)
      return refuse(name, "InvalidAction", `The lab does not serve ${name}.`)
    return service(request)
  })
}

const autoScalingService = (cloud: Cloud, groups: AutoScaling): AwsService =>
  queryService({
    cloud,
    actions: autoScalingActions(groups),
    dialect: "query",
    namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    prefix: "autoscaling:",
  })

/** Whom an unsigned request is for: by its path, else by the API version it names. */
function guess(request: AwsRequest): ServiceName {
  if (request.path !== "/") return "eks"
  const form = request.method === "GET" ? request.query : new URLSearchParams(request.body)
  const version = form.get("Version")
  if (version === "2011-01-01") return "autoscaling"
  if (version === "2010-05-08") return "iam"
  return version === "2011-06-15" ? "sts" : "ec2"
}

function faultOf(
  request: AwsRequest,
  secrets: ReadonlyMap<string, string>,
  now: number,
): string | undefined {
  const { signed } = request
  if (signed === undefined) return "MissingAuthenticationToken"
  const secret = secrets.get(signed.accessKeyId)
  if (secret === undefined) return "InvalidClientTokenId"
  return signatureFault({ ...request, signed }, secret, now)
}

const notValidated = "AWS was not able to validate the provided access credentials"

/** EC2 has one code for all that is wrong with a signature but its age. */
const ec2Code = (fault: string) => (fault === "RequestExpired" ? fault : "AuthFailure")

function refuse(service: string, code: string, message: string): AwsReply {
  if (service === "eks")
    return {
      status: 403,
      type: "application/json",
      body: JSON.stringify({ message }),
      headers: { "x-amzn-errortype": code },
    }
  const error = { Error: { Code: code, Message: message } }
  const body =
    service === "ec2" ? element("Response", { Errors: error }) : element("ErrorResponse", error)
  return { status: 403, type: "text/xml;charset=UTF-8", body }
}
