import type { RequestView } from '../../../filter/index.ts'
import { findCookie, removeCookie } from '../../../http/cookies.ts'
import type { TokenPlace } from '../../../model/security/authentication.ts'

/** A token as a request carries it, and where. */
export interface FoundToken {
  readonly text: string
  readonly place: TokenPlace
}

/** More of them than anybody means: each has to be verified. */
const MAX_TOKENS = 8

const NONE: readonly FoundToken[] = []

/**
 * All tokens in the places of a rule, in their order: each value of a header that has the prefix, each parameter and each
 * cookie of the name. One that is not looked at could be the one that the endpoint takes.
 */
export const findTokens = (places: readonly TokenPlace[], request: RequestView): readonly FoundToken[] => {
  let found: FoundToken[] | undefined
  const add: Add = (text, place) => {
    found ??= []
    if (found.length <= MAX_TOKENS) found.push({ text, place })
    return undefined
  }
  for (const place of places) {
    switch (place.kind) {
      case 'header':
        findInHeaders(place, request, add)
        break
      case 'param':
        if (request.query !== '') findInQuery(place, request.query, add)
        break
      case 'cookie':
        findCookie(request.headers, place.name, (text) => add(text, place))
    }
  }
  return found ?? NONE
}

/** Whether there are more than are looked at. */
export const isTooMany = (found: readonly FoundToken[]): boolean => found.length > MAX_TOKENS

/** Takes what was found out of the request, and all that stands in the same place with it. */
export const removeToken = (place: TokenPlace, request: RequestView): void => {
  switch (place.kind) {
    case 'header':
      return void request.headers.removeLower(place.name)
    case 'param':
      return removeFromQuery(place.name, request)
    case 'cookie':
      return removeCookie(request.headers, place.name)
  }
}

/** Nothing comes of it: whoever is asked for one more looks on. */
type Add = (text: string, place: TokenPlace) => undefined

const findInHeaders = (place: Extract<TokenPlace, { kind: 'header' }>, { headers }: RequestView, add: Add): void => {
  const { fields } = headers
  const { name, prefix } = place
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue
    const value = fields[i + 1] ?? ''
    // Anywhere in it, as with Envoy: `Basic …, Bearer …` has a token too.
    const at = prefix === '' ? 0 : value.indexOf(prefix)
    if (at !== -1 && value !== '') add(value.slice(at + prefix.length).trim(), place)
  }
}

const findInQuery = (place: TokenPlace, query: string, add: Add): void => {
  // Most queries have nothing of the kind, and are not cut into pieces for it.
  if (!query.includes(place.name) && !query.includes('%') && !query.includes('+')) return
  for (const part of query.slice(1).split('&')) {
    const equals = part.indexOf('=')
    if (equals !== -1 && decode(part.slice(0, equals)) === place.name) add(decode(part.slice(equals + 1)), place)
  }
}

const removeFromQuery = (name: string, request: RequestView): void => {
  const kept = request.query
    .slice(1)
    .split('&')
    .filter((part) => decode(part.split('=', 1)[0] ?? '') !== name)
  request.query = kept.length === 0 ? '' : `?${kept.join('&')}`
}

const decode = (text: string): string => {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
