/**
 * Columns aligned by their widest cell, two spaces apart, nothing at the ends of lines. Cells may carry ANSI styles.
 * With `width`, the widest column is shortened with "…" until a row fits.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) =>
    Math.max(...all.map((row) => visible(row[column] ?? ""))),
  )
  if (width !== undefined) shrink(widths, width)
  return all
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("")
}

const narrowest = 8

function shrink(widths: number[], width: number): void {
  const total = () => widths.reduce((sum, w) => sum + w, 0) + 2 * (widths.length - 1)
  while (total() > width) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) return
    widths[widths.indexOf(widest)] = Math.max(narrowest, widest - (total() - width))
  }
}

const style = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g")
const visible = (cell: string) => [...cell.replace(style, "")].length

function pad(cell: string, width: number): string {
  const length = visible(cell)
  if (length <= width) return cell + " ".repeat(width - length)
  return `${[...cell.replace(style, "")].slice(0, Math.max(0, width - 1)).join("")}…`
}
