/** metav1.Time: RFC 3339 in whole seconds. */
export const stamp = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, "Z")

/** metav1.MicroTime, as Leases want it. */
export const microStamp = (now: number): string =>
  new Date(now).toISOString().replace(/\.(\d+)Z$/, ".$1000Z")
