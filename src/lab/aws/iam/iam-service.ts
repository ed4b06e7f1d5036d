import type { Cloud } from "../../../ec2/memory/cloud.ts"
import { type Action, action } from "../ec2/action.ts"
import { queryService } from "../query-service.ts"
import type { AwsService } from "../service.ts"
import { ignored, required, text } from "../shape.ts"
import type { Roles } from "./roles.ts"

const named = { RoleName: required(text), PolicyName: required(text) }

const actionsOf = (roles: Roles): Readonly<Record<string, Action>> => ({
  PutRolePolicy: action({
    in: { ...named, PolicyDocument: required(text) },
    run: (_, p) => {
      roles.put(p.RoleName, p.PolicyName, p.PolicyDocument)
      return {}
    },
  }),
  GetRolePolicy: action({
    in: named,
    run: (_, p) => ({
      RoleName: p.RoleName,
      PolicyName: p.PolicyName,
      PolicyDocument: encodeURIComponent(roles.get(p.RoleName, p.PolicyName)),
    }),
  }),
  DeleteRolePolicy: action({
    in: named,
    run: (_, p) => {
      roles.remove(p.RoleName, p.PolicyName)
      return {}
    },
  }),
  ListRolePolicies: action({
    in: { RoleName: required(text), MaxItems: ignored, Marker: ignored },
    run: (_, p) => ({ PolicyNames: roles.names(p.RoleName), IsTruncated: false }),
  }),
})

/** Inline policies of roles: what takes rights from the controller, and gives them back. */
export const iamService = (cloud: Cloud, roles: Roles): AwsService =>
  queryService({
    cloud,
    actions: actionsOf(roles),
    dialect: "query",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    prefix: "iam:",
  })
