/**
 * Checks on field lists that came out of HPACK (RFC 9113 sections 8.2 and 8.3). They return what is wrong, or
 * `undefined`; a malformed message is a stream error of type PROTOCOL_ERROR (section 8.1.1).
 */

// RFC 9113 section 8.2.1: lower-case token characters; the colon only as the first of a pseudo-header name.
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/
// Never in a value: NUL, LF, CR; and no white space at either end.
// oxlint-disable-next-line no-control-regex
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/

const connectionSpecific = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
const requestPseudo = new Set([':method', ':scheme', ':authority', ':path', ':protocol'])

/** Value of the first field of that name in a flat list. */
export const findField = (fields: readonly string[], name: string): string | undefined => {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
  return undefined
}

/** What is wrong with the fields of a request head. */
export const checkRequestFields = (fields: readonly string[]): string | undefined => {
  const seen = new Set<string>()
  const wrong = checkFields(fields, (name) => {
    if (!requestPseudo.has(name)) return `unknown pseudo-header field ${name}`
    if (seen.has(name)) return `second ${name}`
    seen.add(name)
    return undefined
  })
  if (wrong !== undefined) return wrong
  if (!seen.has(':method')) return 'no :method'
  const isPlainConnect = findField(fields, ':method') === 'CONNECT' && !seen.has(':protocol')
  if (isPlainConnect) {
    if (seen.has(':scheme') || seen.has(':path')) return 'CONNECT with :scheme or :path'
    return seen.has(':authority') ? undefined : 'CONNECT without :authority'
  }
  if (!seen.has(':scheme')) return 'no :scheme'
  return findField(fields, ':path') ? undefined : 'no :path'
}

/** What is wrong with the fields of a response head. */
export const checkResponseFields = (fields: readonly string[]): string | undefined => {
  let count = 0
  const wrong = checkFields(fields, (name) => {
    count++
    return name === ':status' ? undefined : `unknown pseudo-header field ${name}`
  })
  if (wrong !== undefined) return wrong
  if (count !== 1) return count === 0 ? 'no :status' : 'second :status'
  return /^[1-9][0-9][0-9]$/.test(findField(fields, ':status') ?? '') ? undefined : 'bad :status'
}

/** What is wrong with trailers. */
export const checkTrailerFields = (fields: readonly string[]): string | undefined =>
  checkFields(fields, (name) => `pseudo-header field ${name} in trailers`)

const checkFields = (
  fields: readonly string[],
  checkPseudo: (name: string) => string | undefined,
): string | undefined => {
  let isPastPseudo = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (!NAME.test(name)) return `bad field name ${JSON.stringify(name.slice(0, 64))}`
    if (BAD_VALUE.test(value)) return `bad value of ${name}`
    if (name.startsWith(':')) {
      if (isPastPseudo) return `${name} after regular fields`
      const wrong = checkPseudo(name)
      if (wrong !== undefined) return wrong
      continue
    }
    isPastPseudo = true
    if (connectionSpecific.has(name)) return `connection-specific field ${name}`
    if (name === 'te' && value !== 'trailers') return 'te other than trailers'
  }
  return undefined
}
