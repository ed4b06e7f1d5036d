import { connect as connectHttp2 } from "node:http2"
import { connect } from "node:net"

/**
 * The few calls of the Container Runtime Interface (runtime.v1) that make and end a pod's sandbox, as a kubelet makes
 * them. gRPC is HTTP/2 with protobuf bodies; Debian has no client for it, and these messages need none.
 */
export class Cri {
  readonly #socket: string

  constructor(socket: string) {
    this.#socket = socket
  }

  /** Whether the runtime says it can attach pods: NetworkReady, what becomes the node's Ready. */
  async networkReady(): Promise<boolean> {
    const [status] = fieldsOf(await this.#call("Status", message())).messages(1)
    return (status?.messages(1) ?? []).some(
      (condition) => condition.text(1) === "NetworkReady" && condition.number(2) === 1,
    )
  }

  /** Returns the sandbox's id; rejects with the runtime's words. */
  async runPodSandbox(pod: { namespace: string; name: string }): Promise<string> {
    const metadata = message([1, pod.name], [2, `uid-${pod.name}`], [3, pod.namespace])
    const config = message([1, metadata], [2, pod.name], [8, message()])
    return fieldsOf(await this.#call("RunPodSandbox", message([1, config]))).text(1)
  }

  async podAddress(sandbox: string): Promise<string> {
    const reply = await this.#call("PodSandboxStatus", message([1, sandbox]))
    const [network] = fieldsOf(reply).messages(1)[0]?.messages(5) ?? []
    return network?.text(1) ?? ""
  }

  async stopPodSandbox(sandbox: string): Promise<void> {
    await this.#call("StopPodSandbox", message([1, sandbox]))
  }

  async removePodSandbox(sandbox: string): Promise<void> {
    await this.#call("RemovePodSandbox", message([1, sandbox]))
  }

  #call(method: string, body: Buffer): Promise<Buffer> {
    const session = connectHttp2("http://localhost", {
      createConnection: () => connect(this.#socket),
    })
    return new Promise<Buffer>((resolve, reject) => {
      session.on("error", reject)
      const stream = session.request({
        ":method": "POST",
        ":path": `/runtime.v1.RuntimeService/${method}`,
        "content-type": "application/grpc",
        te: "trailers",
      })
      const chunks: Buffer[] = []
      let status = { "grpc-status": "", "grpc-message": "" }
      const note = (headers: object) => {
        status = { ...status, ...headers }
      }
      stream.on("response", note).on("trailers", note).on("error", reject)
      stream.on("data", (chunk: Buffer) => chunks.push(chunk))
      stream.on("end", () => {
        if (status["grpc-status"] === "0") resolve(Buffer.concat(chunks).subarray(prefixBytes))
        else reject(new Error(`${method}: ${decodeURIComponent(status["grpc-message"])}`))
      })
      // "Length-Prefixed-Message" of gRPC over HTTP/2: not compressed, and how long.
      const prefix = Buffer.alloc(prefixBytes)
      prefix.writeUInt32BE(body.length, 1)
      stream.end(Buffer.concat([prefix, body]))
    }).finally(() => session.close())
  }
}

const prefixBytes = 5
const [varint, lengthDelimited] = [0, 2]

/** A protobuf message of strings and messages. */
function message(...fields: [number: number, value: string | Buffer][]): Buffer {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      const bytes = Buffer.from(value)
      return [encode((number << 3) | lengthDelimited), encode(bytes.length), bytes]
    }),
  )
}

function encode(value: number): Buffer {
  const bytes = []
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80)
  return Buffer.from([...bytes, value])
}

interface Fields {
  text(number: number): string
  number(number: number): number
  messages(number: number): Fields[]
}

/** Reads a protobuf message of numbers, strings and messages. */
function fieldsOf(bytes: Buffer): Fields {
  const found: [number: number, value: number | Buffer][] = []
  let at = 0
  const read = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = read()
    const length = read()
    if ((tag & 7) === varint) found.push([tag >> 3, length])
    else {
      found.push([tag >> 3, bytes.subarray(at, at + length)])
      at += length
    }
  }
  const all = (number: number) => found.filter(([n]) => n === number).map(([, value]) => value)
  return {
    text: (number) => String(all(number).at(-1) ?? ""),
    number: (number) => Number(all(number).at(-1) ?? 0),
    messages: (number) => all(number).flatMap((v) => (Buffer.isBuffer(v) ? fieldsOf(v) : [])),
  }
}
