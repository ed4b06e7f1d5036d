/** What EC2 appends to host names: `.us-west-2.compute.internal`, `.ec2.internal`. */
const domain = /\.(?:[a-z0-9-]+\.compute|ec2)(?:\.internal|\.amazonaws\.com(?:\.cn)?)$/

/**
 * Names of nodes without the domain that EC2 gives them all, where that leaves them distinct: a table of full names
 * does not fit 80 columns. `berth explain node` takes either form.
 */
export function shortNames(names: Iterable<string>): (name: string) => string {
  const all = [...names]
  const distinct = new Set(all.map(shortName)).size === new Set(all).size
  return distinct ? shortName : (name) => name
}

const shortName = (name: string) => name.replace(domain, "")
