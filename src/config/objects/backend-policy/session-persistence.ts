/**
 * `sessionPersistence` of route rules and of backends (GEP-1619), in the form that Gateway API's v1.6 has (`sessionName`,
 * `cookieConfig`) and in the one that comes after it (`cookie`, `header`).
 */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { defaultSession } from '../../../model/backend/backend-defaults.ts'
import type { SessionPersistence } from '../../../model/backend/backend-policy.ts'
import { positiveDuration } from '../../../lib/schemas/positive-duration.ts'
import { token } from '../token.ts'

/** What is written; the name of a cookie or header may be left to be made. */
export type WrittenPersistence = Omit<SessionPersistence, 'name' | 'scope'> & { readonly name?: string }

/** Browsers keep no cookie for longer than 400 days (RFC 6265bis), and none but cookies may last so long. */
const longestMs = 400 * 86_400_000

/** Fields that say where a message goes, or where it ends: a session cannot have their names. */
const reserved: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'content-length',
    'cookie',
    'host',
    'keep-alive',
    'proxy-connection',
    'set-cookie',
    'te',
    'trailer',
  ],
  ...['transfer-encoding', 'upgrade', 'expect', 'authorization', 'content-type', 'content-encoding', 'date'],
])

const headerName = s.map(
  s.refine(token('an HTTP header name', 128), (found, path) =>
    reserved.has(found.toLowerCase())
      ? [{ message: 'has a meaning of its own', path, found, expected: 'a header that nothing else uses' }]
      : [],
  ),
  (name) => name.toLowerCase(),
)
const cookieName = token('the name of a cookie', 128)
const lifetimeType = s.documented(
  s.withDefault(s.oneOf(['Session', 'Permanent']), defaultSession.lifetimeType),
  'Permanent: browsers keep the cookie for the absoluteTimeout, which has to be there.',
)
const cookiePath = s.string({ maxLength: 1024, pattern: /\/[!-:<-~]*/, describe: 'a path that begins with /' })

const TYPE = 'What carries the session: a cookie, or a header that clients send back.'
const NAME = 'Of the cookie or the header; left out: one is made.'
const shared = {
  absoluteTimeout: s.documented(
    s.optional(positiveDuration({ minMs: 1000, maxMs: longestMs })),
    'The session ends after this long, however much it is used; at most 400 days.',
  ),
}

const cookieSession = s.object({
  ...shared,
  type: s.documented(s.withDefault(s.oneOf(['Cookie']), 'Cookie'), TYPE),
  sessionName: s.documented(s.optional(cookieName), NAME),
  cookieConfig: s.documented(s.optional(s.object({ lifetimeType })), 'How long the cookie lasts.'),
  cookie: s.documented(
    s.optional(
      s.object({
        name: s.documented(s.optional(cookieName), 'Left out: one is made.'),
        path: s.documented(s.optional(cookiePath), 'Where browsers send it; left out: made from the route.'),
        lifetimeType,
      }),
    ),
    'The later form of sessionName and cookieConfig.',
  ),
})

const headerSession = s.object({
  ...shared,
  type: s.documented(s.oneOf(['Header']), TYPE),
  sessionName: s.documented(s.optional(headerName), NAME),
  header: s.documented(
    s.optional(s.object({ name: s.documented(headerName, 'In any case.') })),
    'The later form of sessionName.',
  ),
})

const cookie: s.Schema<WrittenPersistence> = s.refine(
  s.map(cookieSession, ({ type, sessionName, absoluteTimeout, cookieConfig, cookie: newer }) => {
    const name = newer?.name ?? sessionName
    return {
      type,
      ...(name === undefined ? {} : { name }),
      ...(newer?.path === undefined ? {} : { path: newer.path }),
      lifetimeType: newer?.lifetimeType ?? cookieConfig?.lifetimeType ?? defaultSession.lifetimeType,
      ...(absoluteTimeout === undefined ? {} : { absoluteTimeoutMs: absoluteTimeout }),
    }
  }),
  ({ lifetimeType: lifetime, absoluteTimeoutMs }, path) =>
    lifetime === 'Session' || absoluteTimeoutMs !== undefined
      ? []
      : [
          {
            message: 'is missing',
            path: `${path}.absoluteTimeout`,
            found: 'nothing',
            expected: 'how long a Permanent cookie lasts',
          },
        ],
)

const header: s.Schema<WrittenPersistence> = s.map(
  headerSession,
  ({ type, sessionName, absoluteTimeout, header: newer }) => {
    const name = newer?.name ?? sessionName
    return {
      type,
      ...(name === undefined ? {} : { name }),
      lifetimeType: defaultSession.lifetimeType,
      ...(absoluteTimeout === undefined ? {} : { absoluteTimeoutMs: absoluteTimeout }),
    }
  },
)

const kinds = s.oneOf(['Cookie', 'Header'])

/** The fields of both forms that say the same, of which one has to be enough. */
const doublets = [
  ['sessionName', 'cookie'],
  ['sessionName', 'header'],
  ['cookieConfig', 'cookie'],
] as const

/** Reads `sessionPersistence`. */
export const sessionPersistence: s.Schema<WrittenPersistence> = {
  decode: (value, path) => {
    if (!s.isPlainObject(value)) return cookie.decode(value, path)
    const type = kinds.decode(value['type'] ?? defaultSession.type, `${path}.type`)
    if (!type.ok) return type
    const twice = doublets.filter((pair) => pair.every((field) => (value[field] ?? undefined) !== undefined))
    if (twice.length > 0) return { ok: false, issues: twice.map((pair) => mixed(pair, path)) }
    return type.value === 'Cookie' ? cookie.decode(value, path) : header.decode(value, path)
  },
  json: {
    type: 'object',
    oneOf: [cookie.json, header.json],
    'x-kubernetes-validations': doublets.map(([older, newer]) => ({
      rule: `!has(self.${older}) || !has(self.${newer})`,
      message: `${older} says what ${newer} says, which a later version of the API has in its place`,
    })),
  },
}

const mixed = ([older, newer]: readonly [string, string], path: string): Issue => ({
  message: `says what ${newer} says, which a later version of the API has in its place`,
  path: `${path}.${older}`,
  expected: `one of ${older}, ${newer}`,
})
