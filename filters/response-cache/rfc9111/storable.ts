/** Which responses may be kept for others (RFC 9111 sections 3 and 3.5). */
import type { RequestView } from 'fairway/filter'
import type { Fields } from './fields.ts'
import { readNames, type Directives } from './directives.ts'

/** Statuses that are understood here; others may mean what nobody has thought of. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 203, 204, 300, 301, 302, 307, 308],
  ...[404, 405, 410, 414, 501],
])

/** Why a response is not kept; `undefined` when it may be. */
export type Refusal =
  | 'method'
  | 'status'
  | 'no-store'
  | 'private'
  | 'credentials'
  | 'set-cookie'
  | 'vary'
  | 'grpc'
  | 'range'

/** Why this response must not be kept, by its head and that of its request. */
export const refusalOf = (
  request: RequestView,
  response: { readonly status: number; readonly headers: Fields },
  about: { readonly wanted: Directives; readonly directives: Directives; readonly hasCredentials: boolean },
): Refusal | undefined => {
  const { wanted, directives, hasCredentials } = about
  const { status, headers } = response
  if (request.method !== 'GET') return 'method'
  if (!UNDERSTOOD.has(status)) return 'status'
  if (headers.has('content-range')) return 'range'
  if (wanted.has('no-store') || directives.has('no-store')) return 'no-store'
  // Also of one that names fields: who wrote it thinks of one user.
  if (directives.has('private')) return 'private'
  if (hasCredentials && !allowsCredentials(directives)) return 'credentials'
  if (headers.has('set-cookie') && !readNames(directives, 'no-cache').includes('set-cookie')) return 'set-cookie'
  if (varyNames(headers) === undefined) return 'vary'
  return /^application\/grpc/i.test(headers.get('content-type') ?? '') ? 'grpc' : undefined
}

/** Whether what was answered to somebody who showed who they are may be used for others (section 3.5). */
export const allowsCredentials = (directives: Directives): boolean =>
  directives.has('public') || directives.has('s-maxage') || directives.has('must-revalidate')

const MAX_VARY = 10

/** Fields of requests that the response depends on; `undefined`: on more than can be told. */
export const varyNames = (headers: Fields): readonly string[] | undefined => {
  const names = new Set(
    (headers.get('vary') ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ''),
  )
  // It names one origin, and who wrote it may have forgotten to say that it depends on it.
  const allowed = headers.get('access-control-allow-origin')
  if (allowed !== undefined && allowed !== '*') names.add('origin')
  return names.has('*') || names.size > MAX_VARY ? undefined : [...names]
}

/** Fields that are the connection's, or the time's, and those that a response does not want to be used again. */
export const fieldsToKeep = (headers: Fields, directives: Directives): readonly (readonly [string, string])[] => {
  const dropped = new Set([...NEVER_KEPT, ...readNames(directives, 'no-cache')])
  return [...headers].filter(([name]) => !dropped.has(name))
}

const NEVER_KEPT = [
  ...['age', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization', 'content-length'],
]
