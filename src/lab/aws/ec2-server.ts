import type { RequestListener } from "node:http"
import type { Cloud } from "../../ec2/memory/cloud.ts"
import { ec2Actions } from "./ec2/actions.ts"
import { queryService } from "./query-service.ts"
import { type AwsService, listenFor } from "./service.ts"

export const ec2Service = (cloud: Cloud): AwsService =>
  queryService({
    cloud,
    actions: ec2Actions,
    dialect: "ec2",
    namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
    prefix: "",
  })

/** Serves the EC2 query protocol (version 2016-11-15) over `cloud` to unmodified clients. */
export const createEc2Server = (cloud: Cloud): RequestListener => listenFor(ec2Service(cloud))
