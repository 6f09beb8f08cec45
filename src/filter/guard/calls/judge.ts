import { isTarget } from '../../../http/h1/chars.ts'
import { isFieldValue } from '../../../lib/headers/is-field-value.ts'
import { isFieldName } from '../../../http/h1/field-names.ts'
import { isAuthority } from '../../../http/h1/target.ts'
import type { HeaderList } from '../../../http/header-list.ts'
import type { Reply } from '../../index.ts'
import { faultOfBody, faultOfLabels } from '../../reply.ts'
import { findUnwritable } from './find-unwritable.ts'

/** What is wrong with the result of a hook; `undefined` for a good one. Filters in plain JavaScript may return anything. */
export const faultOfResult = (result: unknown): string | undefined => {
  if (result === undefined) return undefined
  try {
    return faultOfReply(result)
  } catch {
    // A getter or a proxy, which throws at whoever looks.
    return 'a hook returned what cannot be read'
  }
}

const faultOfReply = (result: unknown): string | undefined => {
  if (typeof result !== 'object' || result === null || !('kind' in result) || result.kind !== 'reply') {
    return 'a hook returned what is no reply: return nothing, or what env.reply() makes'
  }
  const { status, headers, body, length, ...labels }: Partial<Record<keyof Reply, unknown>> = result
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    return `a reply has status ${String(status)}: wanted an integer from 200 to 599`
  }
  return faultOfBody({ body, length }) ?? faultOfLabels(labels) ?? faultOfPairs(headers)
}

/** The same for what a transform made of a piece of a body. */
export const faultOfPiece = (result: unknown): string | undefined =>
  typeof result === 'string' || result instanceof Uint8Array ? undefined : faultOfResult(result)

/** What of headers that a hook has left cannot be sent. */
export const faultOfHeaders = (headers: HeaderList | undefined): string | undefined => {
  const unwritable = headers === undefined ? undefined : findUnwritable(headers)
  return unwritable === undefined ? undefined : `${unwritable} cannot be written into an HTTP message`
}

/** The same for where a request goes. */
export const faultOfTarget = ({ path, query, authority }: Target): string | undefined => {
  if (typeof path !== 'string' || !(path === '*' || path.startsWith('/')) || !isTarget(path))
    return `the path ${quoted(path)}: it begins with / and is percent-encoded`
  if (typeof query !== 'string' || !(query === '' || (query.startsWith('?') && isTarget(query))))
    return `the query ${quoted(query)}: it is empty, or begins with ? and is percent-encoded`
  // One of HTTP/1.0 may have none.
  if (typeof authority !== 'string' || !(authority === '' || isAuthority(authority)))
    return `the authority ${quoted(authority)}: host, or host:port`
  return undefined
}

type Target = Readonly<Record<'path' | 'query' | 'authority', unknown>>

const quoted = (value: unknown): string => JSON.stringify(String(value).slice(0, 40))

/** Whether a result is waited for. */
export const isThenable = (result: unknown): result is PromiseLike<unknown> => {
  if (typeof result !== 'object' || result === null) return false
  try {
    return 'then' in result && typeof result.then === 'function'
  } catch {
    return false
  }
}

const faultOfPairs = (headers: unknown): string | undefined => {
  if (!Array.isArray(headers)) return 'a reply has headers that are no list of pairs'
  for (const pair of headers as readonly unknown[]) {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      return 'a reply has headers that are no list of pairs of texts'
    }
    if (!isFieldName(pair[0].toLowerCase())) return `a reply has the header name ${JSON.stringify(pair[0])}`
    if (!isFieldValue(pair[1])) return `a reply has a value of header ${pair[0]} that cannot be written`
  }
  return undefined
}
