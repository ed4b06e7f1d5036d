/** What every command's exit code means. Those from 64 on are sysexits(3); docs/errors.md says which error has which. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [0, "done, or nothing to do"],
  [
    1,
    "trouble was found (doctor, explain, max-pods, plan), or the work is blocked (rotate, apply)",
  ],
  [64, "the command line is wrong, or nobody agreed to a change"],
  [65, "a file or a name holds something else than it should"],
  [66, "a file cannot be read, or there is nothing to work on"],
  [69, "the cluster, AWS or a part of Berth does not answer"],
  [70, "a defect of Berth"],
  [73, "a file cannot be written"],
  [74, "the disk failed"],
  [75, "not finished, and can go on later"],
  [77, "the credentials or the rights do not suffice"],
  [78, "a configuration cannot be used"],
  [130, "stopped by Ctrl-C"],
  [141, "the reader of the output has gone, as in `berth status | head`"],
]
