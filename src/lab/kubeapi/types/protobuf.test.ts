import assert from "node:assert/strict"
import { test } from "node:test"
import { decodeBuiltin } from "./decode.ts"
import { parseProtobuf } from "./protobuf.ts"
import { ResourceTypes } from "./resource-types.ts"

const types = new ResourceTypes()
const schemaFor = (apiVersion: string, kind: string) => types.schemaOf(apiVersion, kind)
const read = (base64: string) => parseProtobuf(Buffer.from(base64, "base64"), schemaFor)

/** As the decoder of request bodies completes it, without what is empty. */
const decoded = (base64: string) => {
  const object = read(base64)
  const schema = schemaFor(String(object.apiVersion), String(object.kind))
  assert.ok(schema)
  return decodeBuiltin(schema, object, "").object
}

// Bodies of kubectl 1.33.
const deployment =
  "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErYBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoQBCAISDAoKCgNhcHASA3dlYhpqChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkoSLAoDd2ViEgV3ZWI6MSoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA"
const quota =
  "azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRIwChEKAXESABoAIgAqADIAOABCABIZCgoKA2NwdRIDCgExCgsKBHBvZHMSAwoBMhoAGgAiAA=="
const budget =
  "azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSOgoRCgFwEgAaACIAKgAyADgAQgASGQoJCAEQABoDNTAlEgwKCgoDYXBwEgN3ZWIaCggAGAAgACgAMAAaACIA"
const secret = "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA="

test("a Deployment in protobuf: nested messages, maps, lists, inlined structs, integers", () => {
  assert.deepEqual(decoded(deployment), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", labels: { app: "web" } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      strategy: {},
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            { name: "web", image: "web:1", ports: [{ containerPort: 80 }], resources: {} },
          ],
        },
      },
    },
    status: {},
  })
})

test("quantities, integers or strings, and bytes", () => {
  assert.deepEqual(decoded(quota).spec, { hard: { cpu: "1", pods: "2" } })
  assert.deepEqual(decoded(budget).spec, {
    minAvailable: "50%",
    selector: { matchLabels: { app: "web" } },
  })
  assert.deepEqual(decoded(secret).data, { a: "Yg==" })
})

test("what is not a protobuf body of a known kind is refused", () => {
  const refused = (body: Buffer, text: RegExp) =>
    assert.throws(() => parseProtobuf(body, schemaFor), { status: 400, message: text })
  const body = Buffer.from(deployment, "base64")
  refused(Buffer.from("{}"), /does not appear to be a protobuf message/)
  refused(body.subarray(0, body.length - 10), /unexpected end/)
  refused(Buffer.from("k8s\0\x0a\x06\x0a\x01x\x12\x01y", "latin1"), /no kind "y" is registered/)
})
