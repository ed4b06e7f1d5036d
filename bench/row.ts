/** One line of the table: what was measured, what it is held against, and what the original takes. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** The value in terms of something that was measured in the same run. */
  readonly ratio?: { readonly value: number; readonly to: string }
  /** The most there should be: of the ratio when there is one, else of the value. */
  readonly aim?: number
  /** Amazon VPC CNI, unmodified, on another machine of this size: docs/performance.md. */
  readonly original?: string
}

/** Undefined for what has no aim. */
export function isMet({ value, ratio, aim }: Row): boolean | undefined {
  return aim === undefined ? undefined : (ratio?.value ?? value) <= aim
}

const head = ["", "measured", "ratio", "aim", "met", "original"]

/** The rows as lines of aligned columns, the figures to the right. */
export function table(rows: readonly Row[]): string[] {
  const cells = [head, ...rows.map(cellsOf)]
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  return cells.map((row) =>
    row
      .map((cell, i) =>
        (i === 1 || i === 3 ? cell.padStart : cell.padEnd).call(cell, widths[i] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  )
}

function cellsOf(row: Row): string[] {
  const { what, value, unit, ratio, aim, original = "" } = row
  const met = { true: "yes", false: "NO", undefined: "" }[`${isMet(row)}`] ?? ""
  return [
    what,
    `${figure(value)} ${unit}`.trimEnd(),
    ratio ? `${figure(ratio.value)} x ${ratio.to}` : "",
    aim === undefined ? "" : `${aim}`,
    met,
    original,
  ]
}

/** Three digits that count. */
const figure = (value: number): string =>
  Number.isInteger(value)
    ? `${value}`
    : value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0)
