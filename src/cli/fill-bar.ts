const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

/** A bar of `width` cells, filled by `full` (0 to 1) in steps of an eighth of a cell; what is not empty shows. */
export function fillBar(full: number, width: number): string {
  const share = Math.max(0, Math.min(1, full))
  const steps = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0
  const bar = "█".repeat(Math.floor(steps / 8)) + (eighths[steps % 8] ?? "")
  return bar + "░".repeat(width - [...bar].length)
}
