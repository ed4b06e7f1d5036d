import { isIP, isIPv4, isIPv6 } from "node:net"

const cidrLength = (text: string): boolean => {
  const [address = "", length = "", extra] = text.split("/")
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
  return extra === undefined && /^\d{1,3}$/.test(length) && Number(length) <= most
}

const isDate = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

/** The formats of strings that the API server checks; others are documentation. */
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  ipv4: isIPv4,
  ipv6: (text) => isIPv6(text),
  ip: (text) => isIP(text) !== 0,
  cidr: cidrLength,
  mac: (text) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
  uri: (text) => URL.canParse(text),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
  date: isDate,
  datetime: (text) => /^\d{4}-\d\d-\d\d[Tt ]/.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time": (text) => /^\d{4}-\d\d-\d\d[Tt ]/.test(text) && !Number.isNaN(Date.parse(text)),
  duration: (text) => /^-?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text),
}

export const hasFormat = (format: string, text: string): boolean => formats[format]?.(text) ?? true
