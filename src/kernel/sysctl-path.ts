/**
 * The file behind a sysctl key. A dot separates, as in sysctl(8); a key with a slash is a path already, for links with
 * a dot in their name (net/ipv4/conf/eth0.100/rp_filter).
 */
export function sysctlPath(key: string): string {
  const path = key.includes("/") ? key : key.replaceAll(".", "/")
  if (path.split("/").some((part) => part === "" || part === "." || part === ".."))
    throw new TypeError(`"${key}" is not a sysctl key`)
  return `/proc/sys/${path}`
}
