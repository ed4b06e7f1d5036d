import type { Row } from "./row.ts"

export const crashRow = (pods: number, ms: number): Row => ({
  what: `kill -9 to first ADD, ${pods} pods`,
  value: ms / 1000,
  unit: "s",
  aim: 0.7,
  original: "0.7 s, or 3.6 s below target",
})
