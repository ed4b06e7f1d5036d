import type { VpcView } from "./vpc-view.ts"

/** How a packet with this source address, as a host outside sees it, has left the VPC. */
export function viaOf(view: VpcView, source: string): string {
  for (const subnet of view.subnets)
    for (const route of subnet.routes)
      if (route.target === "nat-gateway" && route.address === source)
        return `nat-gateway ${route.id}`
  if (view.interfaces.some((eni) => Object.values(eni.publicAddresses).includes(source)))
    return "internet-gateway"
  return "transit-gateway"
}
