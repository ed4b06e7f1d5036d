/** Addresses of what is outside the VPC. All from ranges that RFC 5737 and RFC 1918 keep free of real hosts. */

/** "AWS": the Kubernetes API and the EC2 endpoint listen here, in the fabric's own namespace. */
export const awsAddress = "192.0.2.1"

/** A host on the internet that answers HTTP on port 80 with the source address it sees. */
export const internetAddress = "198.51.100.1"
/** The fabric's end of the internet host's link. */
export const internetRouter = "198.51.100.254"

/** A network behind a transit gateway, and its host, which answers as the one on the internet does. */
export const onPremises = {
  cidr: "172.29.0.0/24",
  address: "172.29.0.10",
  router: "172.29.0.1",
  gateway: "tgw-0be47000000000001",
} as const
