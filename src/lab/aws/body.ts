import type { IncomingMessage } from "node:http"
import { Ec2Fault } from "../../ec2/memory/fault.ts"

const bodyMaxBytes = 1024 * 1024

/** The whole body as text; a fault beyond 1 MiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > bodyMaxBytes)
      throw new Ec2Fault("RequestEntityTooLarge", "The request is larger than 1 MiB.", 413)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString("utf8")
}
