import { readFile } from "node:fs/promises"
import { text as readAll } from "node:stream/consumers"
import { parseAllDocuments } from "yaml"
import type { KubeObject } from "../api/meta.ts"
import { fail } from "../errors/catalogue.ts"
import type { Call } from "./command.ts"

/**
 * The Kubernetes objects of YAML or JSON files ("-" is standard input), those in Lists one by one. Rejects with
 * cli/unreadable-file, which says the line, when one cannot be read or is not YAML.
 */
export async function readManifestFiles(
  call: Pick<Call, "stdin">,
  files: readonly string[],
): Promise<KubeObject[]> {
  const all: KubeObject[] = []
  for (const file of files) {
    const text = await readText(call, file)
    for (const document of parseAllDocuments(text)) {
      const [error] = document.errors
      if (error)
        throw fail("cli/unreadable-file", { file, why: error.message.split("\n")[0] ?? "" })
      all.push(...objectsIn(document.toJS(), file))
    }
  }
  return all
}

async function readText(call: Pick<Call, "stdin">, file: string): Promise<string> {
  try {
    return file === "-" ? await readAll(call.stdin) : await readFile(file, "utf8")
  } catch (error) {
    throw fail("cli/unreadable-file", { file, why: (error as Error).message }, error)
  }
}

function objectsIn(value: unknown, file: string): KubeObject[] {
  if (value === null || value === undefined) return []
  const object = value as Partial<KubeObject> & { items?: unknown[] }
  if (typeof object !== "object" || typeof object.kind !== "string")
    throw fail("cli/unreadable-file", { file, why: "it holds something without a kind" })
  if (Array.isArray(object.items) && object.kind.endsWith("List"))
    return object.items.flatMap((item) => objectsIn(item, file))
  const { apiVersion = "", kind, metadata = { name: "" } } = object
  return [{ ...object, apiVersion, kind, metadata: { ...metadata, name: metadata.name ?? "" } }]
}
