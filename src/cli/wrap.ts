/** Breaks prose at spaces so that no line is longer than `width`; later lines begin with `indent`. Words stay whole. */
export function wrap(prose: string, width: number | undefined, indent = ""): string {
  if (width === undefined || prose.length <= width) return prose
  const lines: string[] = []
  let line = /^ */.exec(prose)?.[0] ?? ""
  for (const word of prose.trimStart().split(" ")) {
    const longer = line.trim() === "" ? line + word : `${line} ${word}`
    if (longer.length > width && line.trim() !== "") {
      lines.push(line)
      line = indent + word
    } else {
      line = longer
    }
  }
  return [...lines, line].join("\n")
}
