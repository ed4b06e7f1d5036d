import type { ProgramRules } from "./options.ts"

const number = /^\d+(\.\d+)?$/
const host = /^[\w.:-]+(%\w+)?$/
const nowhere = /^(-|\/dev\/null)$/
/** Only HTTP: curl also knows file:, and many more. */
const url = /^(https?:\/\/)?[\w.-]+(:\d+)?([/?][\w./?=&%+,:~@;-]*)?$/i
/** curl reads a file where such a value begins with "@". */
const literal = /^[^@]/
const word = /^[\w.:/@%+,-]+$/

/**
 * Programs that `kubectl exec` may run in a pod's network namespace. The processes see the files of this machine, with
 * the rights of whoever started the lab: hence network tools only, and of them only options that touch no file, start
 * no program and leave the namespace alone.
 */
export const programRules: Readonly<Record<string, ProgramRules>> = {
  cat: {
    operand:
      /^(\/etc\/(hosts|resolv\.conf|os-release)|\/proc\/net\/[\w/]+|\/proc\/sys\/net\/[\w/-]+(\.[\w/-]+)*|\/sys\/class\/net\/[\w-]+(\/[\w-]+)*)$/,
  },
  curl: {
    flags: "sSfvikIL46gN#",
    long: [
      ..."silent show-error fail verbose include head location insecure ipv4 ipv6 compressed".split(
        " ",
      ),
      ..."no-progress-meter http1.0 http1.1 http2 tcp-nodelay".split(" "),
    ],
    values: {
      m: number,
      "max-time": number,
      "connect-timeout": number,
      retry: number,
      "retry-delay": number,
      o: nowhere,
      output: nowhere,
      w: literal,
      "write-out": literal,
      H: literal,
      header: literal,
      X: /^[A-Z]+$/,
      request: /^[A-Z]+$/,
      A: literal,
      d: literal,
      data: literal,
      interface: host,
      "local-port": word,
      resolve: word,
    },
    operand: url,
  },
  dig: {
    flags: "46",
    values: { p: number, t: word, x: host, b: host },
    operand: /^[@+]?[\w.:=-]+$/,
  },
  echo: { flags: "ne", operand: /^/ },
  false: {},
  getent: { operand: /^(hosts|ahosts|ahostsv4|ahostsv6|services|protocols|networks|[\w.:-]+)$/ },
  hostname: { flags: "iIfsd" },
  ip: {
    // "netns" and "vrf" lead out of the namespace, and iproute2 takes any beginning of a word for the word.
    operand: /^(?!net|vr|xdp)[\w.:/@%+-]+$/,
    dashed: /^-(4|6|s|stats|statistics|d|details|o|oneline|j|json|p|pretty|br|brief|c|color)$/,
  },
  nc: {
    flags: "zvnulk46dN",
    values: { w: number, p: number, q: number, i: number, s: host },
    operand: host,
  },
  netstat: { flags: "anltuprewsi46" },
  nslookup: { operand: host },
  ping: {
    flags: "46nqDOvRbA",
    values: { c: number, i: number, w: number, W: number, s: number, t: number, I: host, M: word },
    operand: host,
  },
  sleep: { operand: /^(\d+(\.\d+)?[smhd]?|infinity)$/ },
  ss: { flags: "anltuxpeimsoH46", operand: word },
  tracepath: { flags: "46nb", values: { m: number, l: number, p: number }, operand: host },
  traceroute: {
    flags: "46nIT",
    values: { m: number, w: number, q: number, p: number, s: host, i: host },
    operand: host,
  },
  true: {},
  wget: {
    flags: "qSv46",
    long: ["quiet", "spider", "server-response", "no-check-certificate", "no-verbose"],
    values: {
      T: number,
      timeout: number,
      t: number,
      tries: number,
      O: nowhere,
      "output-document": nowhere,
      header: literal,
    },
    operand: url,
    needs: ["O", "output-document", "spider"],
  },
}
