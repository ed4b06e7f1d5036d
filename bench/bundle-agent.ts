import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../scripts/bundle.ts"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")

/** The agent as its image has it. Returns its path. */
export const bundleAgent = (): Promise<string> =>
  bundle("agent", join(root, "node_modules", ".cache", "berth", "bench"))
