// Goal: sockets and processes live in the namespace they were born in, while this process stays where it is.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { netlinkKernel } from "../../kernel/netlink/netlink-kernel.ts"
import { refusalOf } from "../../kernel/refusal.ts"
import { withNamespaces } from "../../kernel/testing/namespaces-or-skip.ts"
import { listenInNamespace } from "./namespace-socket.ts"
import { runInNamespace } from "./run-in-namespace.ts"

const metadata = { address: "169.254.169.254", port: 80 }

withNamespaces((folder) => {
  test("a server listens in a namespace on an address that only it has", async () => {
    const kernel = netlinkKernel()
    using namespace = kernel.create(`${folder}/a`)
    using undo = new DisposableStack()
    undo.defer(() => kernel.remove(`${folder}/a`))
    const server = createServer((_request, response) => response.end("from inside"))
    undo.defer(() => void server.close())

    await assert.rejects(listenInNamespace(server, namespace, metadata), (error) => {
      assert.equal(refusalOf(error), "EADDRNOTAVAIL")
      return true
    })
    namespace.apply([{ do: "putAddress", link: "lo", address: `${metadata.address}/32` }])
    await listenInNamespace(server, namespace, metadata)

    const other = createServer()
    await assert.rejects(
      listenInNamespace(other, namespace, metadata),
      (error) => refusalOf(error) === "EADDRINUSE",
    )
    const curl = runInNamespace(
      namespace,
      ["curl", "-s", "-m5", "--noproxy", "*", `http://${metadata.address}/`],
      { stdio: ["ignore", "pipe", "inherit"] },
    )
    assert.ok(curl.stdout)
    assert.equal(await text(curl.stdout), "from inside")
  })

  test("a process runs in the namespace, and this one has not moved", async () => {
    const kernel = netlinkKernel()
    using namespace = kernel.create(`${folder}/b`)
    using undo = new DisposableStack()
    undo.defer(() => kernel.remove(`${folder}/b`))
    const where = async (of: typeof namespace | undefined) => {
      const child = runInNamespace(of, ["readlink", "/proc/self/ns/net"], {
        stdio: ["ignore", "pipe", "inherit"],
      })
      const exit = once(child, "exit")
      assert.ok(child.stdout)
      const said = await text(child.stdout)
      await exit
      return said
    }
    const home = await where(undefined)
    assert.notEqual(await where(namespace), home)
    assert.equal(await where(undefined), home)
  })
})
