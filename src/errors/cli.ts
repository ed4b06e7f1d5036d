import { entry } from "./berth-error.ts"

/** What a user of the command line can get wrong. Exit codes: sysexits(3). */
export const cliErrors = {
  "cli/unreadable-file": entry<{ file: string; why: string }>({
    says: (d) => `${d.file} cannot be read: ${d.why}`,
    hint: "Check the path and its permissions.",
    exit: 66,
  }),
  "cli/bad-option": entry<{ option: string; value: string; expected: string }>({
    says: (d) => `${d.option}: "${d.value}" is not ${d.expected}`,
    hint: "Run the command with --help for its options.",
    exit: 64,
  }),
}
