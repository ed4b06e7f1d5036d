import { fail } from "../errors/catalogue.ts"

const answerMs = 2_000

/** The type of the instance that this runs on, from IMDSv2. AWS_EC2_METADATA_SERVICE_ENDPOINT as in AWS's own tools. */
export async function instanceTypeFromImds(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const base = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
  try {
    const token = await ask(new URL("/latest/api/token", base), {
      method: "PUT",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
    })
    return await ask(new URL("/latest/meta-data/instance-type", base), {
      headers: { "x-aws-ec2-metadata-token": token },
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw fail("cli/no-imds", { endpoint: base, why }, error)
  }
}

async function ask(url: URL, request: RequestInit): Promise<string> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(answerMs) })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return response.text()
}
