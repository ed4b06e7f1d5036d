// A machine of the test topology: answers on TCP and UDP with the addresses it sees, and asks others when told on stdin.
import { createSocket } from "node:dgram"
import { connect, createServer, type Socket } from "node:net"
import { createInterface } from "node:readline"

/** The port every host answers on. */
const port = 8080

/** "again" asks once more over the connection that the last "hold" opened. */
interface Question {
  readonly id: number
  readonly by: "tcp" | "udp" | "hold" | "again"
  readonly to: string
  readonly port: number
  readonly timeoutMs: number
}

const server = createServer((socket) => {
  const address = `${socket.remoteAddress}`.replace("::ffff:", "")
  const answer = `${address} ${socket.remotePort}`
  socket.on("error", () => {})
  socket.on("data", () => socket.write(answer))
})
const udp = createSocket("udp4")
udp.on("message", (_, from) => udp.send(from.address, from.port, from.address))

let held: Socket | undefined

/** Seen by the other side: the source address, and by TCP whether the source port is the one that was sent. */
interface Seen {
  readonly saw: string
  readonly keptPort?: boolean
}

function ask(question: Question): Promise<Seen> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("timeout")), question.timeoutMs).unref()
    if (question.by === "udp") askUdp(question, resolve, reject)
    else askTcp(question, resolve, reject)
  })
}

type Done = (seen: Seen) => void
type Failed = (error: unknown) => void

function askTcp(question: Question, done: Done, failed: Failed): void {
  const socket = question.by === "again" ? held : connect(question.port, question.to)
  if (!socket) throw new Error("no connection is held")
  if (question.by === "hold") held = socket
  if (question.by === "tcp") setTimeout(() => socket.destroy(), question.timeoutMs).unref()
  socket.on("error", failed)
  socket.once("data", (data) => {
    const [saw = "", port] = data.toString().split(" ")
    done({ saw, keptPort: Number(port) === socket.localPort })
    if (question.by === "tcp") socket.destroy()
  })
  socket.write("?")
}

function askUdp(question: Question, done: Done, failed: Failed): void {
  const socket = createSocket("udp4")
  setTimeout(() => socket.close(), question.timeoutMs).unref()
  socket.on("error", failed)
  socket.once("message", (data) => done({ saw: data.toString() }))
  socket.send("?", question.port, question.to)
}

createInterface(process.stdin).on("line", (line) => {
  const question: Question = JSON.parse(line)
  ask(question).then(
    (seen) => console.log(JSON.stringify({ id: question.id, ...seen })),
    (error) => console.log(JSON.stringify({ id: question.id, error: String(error) })),
  )
})
process.stdin.on("end", () => process.exit(0))

server.listen(port, () => udp.bind(port, () => console.log(JSON.stringify({ id: 0 }))))
