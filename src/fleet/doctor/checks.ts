import { bindingChecks } from "./binding-checks.ts"
import type { Check } from "./check.ts"
import { groupChecks } from "./group-checks.ts"
import { maxPodsChecks } from "./max-pods-checks.ts"
import { pluginChecks } from "./plugin-checks.ts"
import { rotationChecks } from "./rotation-checks.ts"
import { runningChecks } from "./running-checks.ts"
import { subnetChecks } from "./subnet-checks.ts"
import { subnetSharingChecks } from "./subnet-sharing-checks.ts"
import { trafficChecks } from "./traffic-checks.ts"
import { vpcChecks } from "./vpc-checks.ts"

/** Every check of the doctor, in the order of the documented procedure. */
export const checks: readonly Check[] = [
  ...vpcChecks,
  ...subnetChecks,
  ...subnetSharingChecks,
  ...groupChecks,
  ...bindingChecks,
  ...pluginChecks,
  ...maxPodsChecks,
  ...rotationChecks,
  ...trafficChecks,
  ...runningChecks,
]
