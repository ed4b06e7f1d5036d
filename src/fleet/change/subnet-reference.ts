/** Stands in objects and commands for the id of a subnet that is yet to be created; `apply` and exporters fill it in. */
export const subnetReference = (zone: string): string => `\${subnet:${zone}}`
