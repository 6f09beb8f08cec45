import { findCookie, removeCookie, type RequestView } from 'fairway/filter'
import type { KeyLocation } from './config.ts'

/** How a key is found in a request, and taken out of it. */
export interface KeyReader {
  readonly read: (request: RequestView) => string | undefined
  readonly remove: (request: RequestView) => void
}

/** Makes the reader of one place. */
export const createKeyReader = ({ type, name }: KeyLocation): KeyReader => {
  const lower = name.toLowerCase()
  switch (type) {
    case 'Header':
      return {
        read: ({ headers }) => withoutScheme(lower, headers.getLower(lower)),
        remove: ({ headers }) => void headers.removeLower(lower),
      }
    case 'Query':
      return {
        read: ({ query }) => (query === '' ? undefined : (new URLSearchParams(query).get(name) ?? undefined)),
        remove: (request) => {
          const kept = request.query
            .slice(1)
            .split('&')
            .filter((pair) => !new URLSearchParams(pair).has(name))
          request.query = kept.length === 0 ? '' : `?${kept.join('&')}`
        },
      }
    case 'Cookie':
      return {
        read: ({ headers }) => findCookie(headers, name, (value) => value),
        remove: ({ headers }) => removeCookie(headers, name),
      }
  }
}

/** `Authorization: Bearer KEY` is how many write it. */
const withoutScheme = (name: string, value: string | undefined): string | undefined =>
  name === 'authorization' ? value?.replace(/^bearer +/i, '') : value
