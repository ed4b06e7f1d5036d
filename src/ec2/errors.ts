import type { BerthError } from "../errors/berth-error.ts"
import { fail } from "../errors/catalogue.ts"

/** What any EC2 client learns from a refused call. */
export interface AwsError {
  readonly code: string
  readonly message: string
}

const throttleCodes = new Set([
  "RequestLimitExceeded",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyRequestsException",
  "EC2ThrottledException",
  "Client.RequestLimitExceeded",
  "BandwidthLimitExceeded",
  "SlowDown",
])

const unauthorizedCodes = new Set([
  "UnauthorizedOperation",
  "AccessDenied",
  "AccessDeniedException",
])

const credentialCodes = new Set([
  "AuthFailure",
  "ExpiredToken",
  "ExpiredTokenException",
  "RequestExpired",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
  "OptInRequired",
])

/** EC2's own trouble: the call may or may not have had its effect. */
const unavailableCodes = new Set([
  "InternalError",
  "InternalFailure",
  "ServiceUnavailable",
  "Unavailable",
  "RequestTimeout",
])

const limitCodes = new Set([
  "AttachmentLimitExceeded",
  "PrivateIpAddressLimitExceeded",
  "NetworkInterfaceLimitExceeded",
  "SecurityGroupsPerInterfaceLimitExceeded",
  "TagLimitExceeded",
  "VpcCidrBlockLimitExceeded",
  "SubnetLimitExceeded",
])

const inUseCodes = new Set([
  "InvalidNetworkInterface.InUse",
  "DependencyViolation",
  "InvalidIPAddress.InUse",
])

/** What the refused call was about, for answers that do not say so. */
export interface Subject {
  readonly subnet?: string
  readonly eni?: string
  readonly resource?: string
}

/** The catalogue's error for what EC2 answered: the one place that reads EC2's codes and texts. */
export function ec2Error(action: string, error: AwsError, about: Subject = {}): BerthError {
  const { code, message } = error
  const place = subnetOf(message, about)
  const resource = quoted(message) ?? about.resource ?? about.eni ?? about.subnet ?? message
  if (code === "InsufficientFreeAddressesInSubnet") return fail("ec2/subnet-full", place, error)
  // The second form answers an assignment of named prefixes, or of a count, on some paths of EC2.
  if (code === "InsufficientCidrBlocks" || noPrefixText.test(message))
    return fail("ec2/no-free-prefix", place, error)
  if (throttleCodes.has(code)) return fail("ec2/throttled", { action }, error)
  if (unauthorizedCodes.has(code)) {
    const role = roleText.exec(message)?.[1]
    return fail("ec2/unauthorized", { action, ...(role !== undefined && { role }) }, error)
  }
  if (credentialCodes.has(code)) return fail("ec2/credentials", { code, message }, error)
  if (unavailableCodes.has(code)) return fail("ec2/unavailable", { action, code }, error)
  if (limitCodes.has(code)) return fail("ec2/limit", { what: `${code}: ${message}` }, error)
  if (inUseCodes.has(code) || inUseText.test(message))
    return fail("ec2/in-use", { resource }, error)
  if (code === "DryRunOperation") return fail("ec2/dry-run", { action }, error)
  if (code === "IdempotentParameterMismatch") return fail("ec2/token-reused", { action }, error)
  if (zoneText.test(message)) return fail("ec2/zone-mismatch", { action, message }, error)
  if (isNotFound(code)) return fail("ec2/not-found", { resource }, error)
  return fail("ec2/failed", { action, code, message }, error)
}

function subnetOf(message: string, about: Subject): { subnet?: string; eni?: string } {
  const subnet = /\bsubnet-[0-9a-f]{8,17}\b/.exec(message)?.[0] ?? about.subnet
  return {
    ...(subnet !== undefined && { subnet }),
    ...(about.eni !== undefined && { eni: about.eni }),
  }
}

/** `User: arn:aws:sts::111122223333:assumed-role/NAME/SESSION is not authorized`. */
const roleText = /:assumed-role\/([\w+=,.@-]+)\//
const noPrefixText = /sufficient free ipv4 (addresses or )?prefixes/i
const inUseText = /is currently in use/i
const zoneText = /not in the same availability zone/i

const isNotFound = (code: string) =>
  /\.NotFound$/.test(code) || code === "NatGatewayNotFound" || code === "InvalidID"

const quoted = (message: string) => /'([^']+)'/.exec(message)?.[1]
