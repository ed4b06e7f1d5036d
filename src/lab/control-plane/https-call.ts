import { request } from "node:https"

export interface Access {
  server: string
  /** PEM. */
  ca: string
  token: string
}

export interface Call {
  method: string
  path: string
  body?: object
}

const timeoutMs = 5_000

/** One call of the API outside of what the Kubernetes port offers. Resolves with the JSON, or the text, of a 2xx. */
export function httpsCall(access: Access, { method, path, body }: Call): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${access.server}${path}`,
      {
        method,
        ca: access.ca,
        timeout: timeoutMs,
        headers: {
          authorization: `Bearer ${access.token}`,
          accept: "application/json",
          ...(body ? { "content-type": "application/json" } : {}),
        },
      },
      (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk
        })
        response.on("error", reject)
        response.on("end", () => {
          if ((response.statusCode ?? 500) >= 300)
            return reject(new Error(`${path}: ${response.statusCode} ${text.slice(0, 300)}`))
          resolve(text.startsWith("{") ? JSON.parse(text) : text)
        })
      },
    )
    call.on("timeout", () => call.destroy(new Error(`${path}: no answer`)))
    call.on("error", reject)
    call.end(body && JSON.stringify(body))
  })
}
