import type { RequestView } from 'fairway/filter'
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
        read: (request) => cookieOf(request, name),
        remove: (request) => removeCookie(request, name),
      }
  }
}

/** `Authorization: Bearer KEY` is how many write it. */
const withoutScheme = (name: string, value: string | undefined): string | undefined =>
  name === 'authorization' ? value?.replace(/^bearer +/i, '') : value

const cookieOf = ({ headers }: RequestView, name: string): string | undefined => {
  for (const [field, cookies] of headers) {
    const pair = field === 'cookie' ? cookies.split(SEPARATOR).find((one) => one.startsWith(`${name}=`)) : undefined
    if (pair !== undefined) return pair.slice(name.length + 1)
  }
  return undefined
}

/** Nothing else separates cookies (RFC 6265 section 5.4): commas stand in values of some. */
const SEPARATOR = /; */

const removeCookie = ({ headers }: RequestView, name: string): void => {
  const cookies = [...headers].flatMap(([field, value]) => (field === 'cookie' ? value.split(SEPARATOR) : []))
  const kept = cookies.filter((pair) => !pair.startsWith(`${name}=`))
  if (kept.length === 0) headers.removeLower('cookie')
  else headers.setLower('cookie', kept.join('; '))
}
