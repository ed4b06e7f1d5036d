import { readFileSync } from "node:fs"

/** Berth's own version. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
  return String(manifest.version)
}
