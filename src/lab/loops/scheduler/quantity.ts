/** Suffixes of Kubernetes quantities (apimachinery api/resource). */
const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** `250m`, `1.5Gi`, `1e3` as a number; 0 when it is not a quantity. */
export function parseQuantity(text: string | number | undefined): number {
  if (typeof text === "number") return text
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text ?? "")
  return match ? Number(match[1]) * (suffixes[match[2] ?? ""] ?? 0) : 0
}
