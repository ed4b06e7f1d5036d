import { type Readable, Transform, Writable } from "node:stream"

/**
 * What `kubectl exec -t` needs of a terminal without there being one: the client's own terminal is in raw mode, so a
 * line feed must bring its carriage return, and Ctrl-C and Ctrl-D arrive as bytes.
 */
export function withCarriageReturns(to: Writable): Writable {
  return new Writable({
    // latin1 maps every byte to one character and back, so that no other byte changes.
    write(chunk: Buffer, _, done) {
      const text = chunk.toString("latin1").replaceAll("\n", "\r\n")
      to.write(Buffer.from(text, "latin1"))
      done()
    },
  })
}

const ctrlC = 3
const ctrlD = 4

/** The input without its control characters; calls back for each Ctrl-C. Ctrl-D ends it. */
export function withControlKeys(from: Readable, onInterrupt: () => void): Readable {
  const keys = new Transform({
    transform(chunk: Buffer, _, done) {
      const end = chunk.indexOf(ctrlD)
      const typed = end < 0 ? chunk : chunk.subarray(0, end)
      for (const byte of typed) if (byte === ctrlC) onInterrupt()
      done(null, Buffer.from(typed.filter((byte) => byte !== ctrlC)))
      if (end >= 0) this.push(null)
    },
  })
  from.on("error", () => keys.end())
  return from.pipe(keys)
}
