import { admissionErrors } from "./admission.ts"
import { agentErrors } from "./agent.ts"
import { BerthError, type ErrorEntry } from "./berth-error.ts"
import { cliErrors } from "./cli.ts"
import { cloudErrors } from "./cloud.ts"
import { cniErrors } from "./cni.ts"
import { controllerErrors } from "./controller.ts"
import { ipamErrors } from "./ipam.ts"
import { kernelErrors } from "./kernel.ts"
import { kubeErrors } from "./kube.ts"
import { labErrors } from "./lab.ts"
import { placementErrors } from "./placement.ts"
import { rotationErrors } from "./rotation.ts"
import { vpcErrors } from "./vpc.ts"

/** Every error Berth can report, by stable code. docs/errors.md is generated from this table. */
export const catalogue = {
  ...admissionErrors,
  ...agentErrors,
  ...placementErrors,
  ...vpcErrors,
  ...ipamErrors,
  ...cloudErrors,
  ...cniErrors,
  ...controllerErrors,
  ...kernelErrors,
  ...kubeErrors,
  ...labErrors,
  ...rotationErrors,
  ...cliErrors,
}

export type ErrorCode = keyof typeof catalogue
export type DetailOf<C extends ErrorCode> =
  (typeof catalogue)[C] extends ErrorEntry<infer D> ? D : never

/** Makes the catalogue's error `code`; the caller throws it. */
export function fail<C extends ErrorCode>(
  code: C,
  detail: DetailOf<C>,
  cause?: unknown,
): BerthError {
  return new BerthError(code, catalogue[code] as ErrorEntry<never>, detail, cause)
}

/** True when `error` is the catalogue's error `code`. */
export const isError = <C extends ErrorCode>(error: unknown, code: C): error is BerthError =>
  error instanceof BerthError && error.code === code
