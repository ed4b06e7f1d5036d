import type { Cloud } from "../../ec2/memory/cloud.ts"
import { action } from "./ec2/action.ts"
import { queryService } from "./query-service.ts"
import type { AwsService } from "./service.ts"

/** Who the caller is: the account's only user, whatever key signs. */
export const stsService = (cloud: Cloud): AwsService =>
  queryService({
    cloud,
    dialect: "query",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    prefix: "sts:",
    actions: {
      GetCallerIdentity: action({
        in: {},
        run: () => ({
          Arn: `arn:aws:iam::${cloud.account}:user/lab`,
          UserId: "AIDALAB0000000000000",
          Account: cloud.account,
        }),
      }),
    },
  })
