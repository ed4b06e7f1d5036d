import type { AwsError } from "../errors.ts"

/** Errors of the SDK that come from the way to EC2, by name, and EC2's code they stand for. */
const transportCodes: Readonly<Record<string, string>> = {
  TimeoutError: "RequestTimeout",
  ECONNREFUSED: "ServiceUnavailable",
  ECONNRESET: "RequestTimeout",
  EPIPE: "RequestTimeout",
  ENOTFOUND: "ServiceUnavailable",
  EAI_AGAIN: "ServiceUnavailable",
  ETIMEDOUT: "RequestTimeout",
  EHOSTUNREACH: "ServiceUnavailable",
  CredentialsProviderError: "AuthFailure",
  TokenProviderError: "ExpiredToken",
}

/** Code and message of what the SDK threw: EC2's own, or the nearest for a failure before or after EC2. */
export function awsErrorOf(error: unknown): AwsError {
  if (!(error instanceof Error)) return { code: "Unknown", message: String(error) }
  const syscall = "code" in error && typeof error.code === "string" ? error.code : ""
  const code = transportCodes[syscall] ?? transportCodes[error.name] ?? error.name
  return { code, message: error.message || syscall }
}
