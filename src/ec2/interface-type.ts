import type { InterfaceType } from "../vpc/model.ts"

const known: readonly InterfaceType[] = ["interface", "trunk", "branch", "efa", "efa-only"]

/** EC2's interface type as the model's; the kinds that AWS services make for themselves are all `other`. */
export const interfaceType = (name: string): InterfaceType =>
  known.find((type) => type === name) ?? "other"
