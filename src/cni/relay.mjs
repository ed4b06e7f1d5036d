#!/usr/bin/env node
// berth-cni for hosts without a C compiler: the same behaviour as berth-cni.c, at the price of a Node start per call.
import { lstatSync, readFileSync } from "node:fs"
import { connect } from "node:net"
import { basename, dirname, join } from "node:path"

const headerLimit = 1 << 16
const limit = 1 << 20
/** An ADD waits at most 20 s for supply. */
const deadlineMs = Number(process.env.BERTH_CNI_DEADLINE_MS) || 60_000
const retryMs = 10_000
const pauseMs = 50

/** BERTH_SOCKET, else the link beside this file, else the default. */
function locate() {
  const link = join(dirname(process.argv[1]), "berth-cni.sock")
  if (process.env.BERTH_SOCKET) return process.env.BERTH_SOCKET
  return lstatSync(link, { throwIfNoEntry: false }) ? link : "/var/run/aws-node/berth.sock"
}

/** Prints a CNI error (spec 1.1, "Error"). 11 = try again later, 50 = plugin not available (STATUS only). */
function fail(code, what, why, config = "") {
  const cniVersion = /"cniVersion"[^"]*"([0-9.]{1,15})"/.exec(config)?.[1] ?? "1.0.0"
  const error = { cniVersion, code, msg: what, details: `${socket}: ${why}` }
  process.stdout.write(`${JSON.stringify(error)}\n`)
  process.exitCode = 1
}

/** One conversation; resolves with the reply, rejects when the agent could not be reached or went away. */
function converse(request) {
  // sun_path holds 107 bytes: entering the folder keeps the name short.
  process.chdir(dirname(socket))
  return new Promise((resolve, reject) => {
    const chunks = []
    let size = 0
    const connection = connect(basename(socket), () => {
      reached = performance.now()
      connection.end(request)
    })
    connection.setTimeout(deadlineMs, () =>
      connection.destroy(Object.assign(new Error("no answer in time"), { code: "EAGAIN" })),
    )
    connection.on("error", reject)
    connection.on("data", (chunk) => {
      size += chunk.length
      chunks.push(chunk)
      if (size > limit) connection.destroy(new Error("the reply is longer than 1 MiB"))
    })
    connection.on("close", () => {
      const reply = Buffer.concat(chunks)
      if (reply.includes("\n")) resolve(reply)
      else reject(new Error("the agent closed the connection without an answer"))
    })
  })
}

async function main() {
  const command = process.env.CNI_COMMAND
  if (!command) {
    const what = "CNI_COMMAND is not set: this is a CNI plugin, which container runtimes execute"
    return fail(4, what, "not asked")
  }
  if (command === "VERSION") {
    const supportedVersions = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]
    process.stdout.write(`${JSON.stringify({ cniVersion: "1.1.0", supportedVersions })}\n`)
    return
  }
  const variables = Object.entries(process.env).filter(([name]) => name.startsWith("CNI_"))
  if (variables.some(([, value]) => value.includes("\n"))) {
    return fail(4, "a CNI variable contains a line break", "not asked")
  }
  const header = `${variables.map(([name, value]) => `${name}=${value}\n`).join("")}\n`
  if (Buffer.byteLength(header) > headerLimit) {
    return fail(4, "the CNI variables are longer than 64 KiB", "not asked")
  }
  const config = readFileSync(0)
  if (config.length > limit) {
    return fail(6, "the network configuration is longer than 1 MiB", "not asked")
  }
  const request = Buffer.concat([Buffer.from(header), config])
  const start = performance.now()
  reached = start
  for (;;) {
    try {
      const reply = await converse(request)
      const end = reply.indexOf("\n")
      process.stdout.write(reply.subarray(end + 1))
      process.exitCode = Number(reply.subarray(0, end).toString())
      return
    } catch (error) {
      const status = command === "STATUS"
      const now = performance.now()
      const late = now - reached > retryMs || now - start > deadlineMs
      if (error.code === "EAGAIN" || status || late) {
        const what = "the node agent (aws-node) does not answer"
        return fail(status ? 50 : 11, what, error.message, config.toString())
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}

const socket = locate()
/** When the agent last took a connection, or this process started. */
let reached = 0
await main()
