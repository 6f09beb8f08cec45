/**
 * What must not be seen: names of things whose values let their holder in somewhere, and values that show by themselves
 * what they are. The rule of the house is not to print values at all; this catches those that stand in other texts.
 */

/** What stands in place of a value. */
export const HIDDEN = '(hidden)'

const SECRET_WORDS = new Set([
  ...['authorization', 'auth', 'cookie', 'token', 'jwt', 'key', 'apikey', 'secret', 'password', 'passwd', 'passphrase'],
  ...['pwd', 'credential', 'credentials', 'signature', 'sig', 'sessionid', 'sid', 'assertion', 'bearer', 'otp'],
  ...['tokens', 'cookies', 'secrets', 'keys', 'passwords'],
])

/**
 * Whether a name (of a header, a query parameter, a field) says that its value is a secret: `Authorization`,
 * `x-api-key`, `Set-Cookie`, `access_token`, `clientSecret`. Rather too many than too few.
 */
export const isSecretName = (name: string): boolean => {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  // Rules about secrets are none.
  if (words.at(-1) === 'rules') return false
  return words.some((word) => SECRET_WORDS.has(word) || /(?:token|secret|password|apikey)$/.test(word))
}

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g
const JWT = /\beyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)*/g
// Behind the others stands often just an English word.
const SCHEME =
  /\b((?:[Bb]earer|BEARER)(?:\s|%20|\+)|(?:[Bb]asic|BASIC|[Dd]igest|[Nn]egotiate)(?:\s|%20|\+)(?=[\w.~+/:-]{0,40}[A-Z0-9=]))[\w.~+/=:-]{4,}/g
const USERINFO = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@"'<>]{1,1000}@/gi
const PARAMETER = /([?&][\w%.-]{0,40}(?:token|key|secret|password|signature|sig|jwt)=)[^&\s"'<>]+/gi
const LABELLED =
  /\b((?:proxy-|set-)?(?:authorization|cookie)|x-[a-z-]{0,40}(?:key|token|secret))("?\s{0,4}[:=]\s{0,4}"?)[^\s"',][^\r\n"',]*/gi

/**
 * A text without the secrets that show as such: private keys in PEM, JSON web tokens, credentials behind `Bearer` and its
 * like, the user part and secret parameters of URLs, values behind the names of secret headers. Others it cannot know.
 */
export const hideSecrets = (text: string): string => {
  // Nearly every text has none, and is not copied.
  if (!/-----BEGIN|eyJ|bearer|basic|digest|negotiate|:\/\/|[?&][^=]{0,50}=|authorization|cookie|x-[a-z]/i.test(text))
    return text
  return text
    .replace(PRIVATE_KEY, HIDDEN)
    .replace(LABELLED, `$1$2${HIDDEN}`)
    .replace(SCHEME, `$1${HIDDEN}`)
    .replace(JWT, HIDDEN)
    .replace(PARAMETER, `$1${HIDDEN}`)
    .replace(USERINFO, `$1${HIDDEN}@`)
}

/** What every name and form of a secret has in it, or what can spell it (`%74oken`): most targets have none of that. */
const SUSPICIOUS =
  /auth|cookie|token|jwt|key|secret|pass|pwd|credential|sig|sid|session|assertion|bearer|otp|code|eyJ|basic|:\/\/|-----|%(?:[4-7]|2d)/i

/** A request target without the values of secret query parameters, tokens and the user part of an absolute one. */
export const hideInTarget = (target: string): string => (SUSPICIOUS.test(target) ? searchTarget(target) : target)

const searchTarget = (target: string): string => {
  const mark = target.indexOf('?')
  const hasScheme = target.charCodeAt(0) !== 47 && target.includes('://')
  if (mark === -1) return hasScheme || target.includes('eyJ') ? hideSecrets(target) : target
  const path = target.slice(0, mark)
  const query = target
    .slice(mark + 1)
    .split('&')
    .map((part) => hideParameter(part))
    .join('&')
  return `${hasScheme || path.includes('eyJ') ? hideSecrets(path) : path}?${query}`
}

const hideParameter = (part: string): string => {
  const equals = part.indexOf('=')
  const value = equals === -1 ? part : part.slice(equals + 1)
  const name = decodeName(part.slice(0, Math.max(equals, 0)))
  // OAuth's authorization code, in this place only.
  if (name === 'code' || isSecretName(name)) return `${part.slice(0, equals)}=${HIDDEN}`
  // Only a part that could hold one of the forms is searched.
  return /eyJ|bearer|basic|:\/\/|-----/i.test(value) ? hideSecrets(part) : part
}

const decodeName = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
