/** Names of variables whose values nobody else may see. Berth needs none of them; people set the oddest things. */
const secretName = /secret|token|passw|credential|access_?key|private_?key|api_?key/i

const leftOut = "(left out)"

/** Environment with the values of what is named like a secret left out. */
export const withoutSecrets = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, secretName.test(name) ? leftOut : value]),
  )
