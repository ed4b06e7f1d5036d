import { entry } from "./berth-error.ts"

/** What a user of the command line can get wrong. Exit codes: sysexits(3). */
export const cliErrors = {
  "cli/unreadable-file": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} cannot be read: ${d.why}`,
    hint: "Check the path and its permissions.",
    exit: 66,
  }),
}
