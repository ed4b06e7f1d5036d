// A machine of the test topology: answers on TCP and UDP with the addresses it sees, and asks others when told on stdin.
import { createSocket } from "node:dgram"
import { connect, createServer } from "node:net"
import { createInterface } from "node:readline"

/** The port every host answers on. */
const port = 8080

interface Question {
  readonly id: number
  readonly protocol: "tcp" | "udp"
  readonly to: string
  readonly port: number
  readonly timeoutMs: number
}

const server = createServer((socket) => {
  socket.on("error", () => {})
  socket.end(`${socket.remoteAddress}`.replace("::ffff:", ""))
})
const udp = createSocket("udp4")
udp.on("message", (_, from) => udp.send(from.address, from.port, from.address))

function ask(question: Question): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("timeout")), question.timeoutMs)
    const done = (saw: string) => {
      clearTimeout(timer)
      resolve(saw)
    }
    if (question.protocol === "tcp") {
      const socket = connect(question.port, question.to)
      setTimeout(() => socket.destroy(), question.timeoutMs)
      socket.on("error", reject)
      socket.once("data", (data) => done(data.toString()))
    } else {
      const socket = createSocket("udp4")
      setTimeout(() => socket.close(), question.timeoutMs)
      socket.on("error", reject)
      socket.once("message", (data) => done(data.toString()))
      socket.send("?", question.port, question.to)
    }
  })
}

createInterface(process.stdin).on("line", (line) => {
  const question: Question = JSON.parse(line)
  ask(question).then(
    (saw) => console.log(JSON.stringify({ id: question.id, saw })),
    (error) => console.log(JSON.stringify({ id: question.id, error: String(error) })),
  )
})
process.stdin.on("end", () => process.exit(0))

server.listen(port, () => udp.bind(port, () => console.log(JSON.stringify({ id: 0 }))))
