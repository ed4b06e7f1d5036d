import { request } from "node:http"

/** One HTTP request over a unix socket. */
export function askSocket(socketPath: string, path: string, method = "GET", body = "") {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request({ socketPath, path, method }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }))
    })
    call.on("error", reject).end(body)
  })
}
