import { hyphenated, removeFrom } from '../lib/headers/field-removal.ts'
import type { HeaderList } from './header-list.ts'

/**
 * Who calls is what the handshake of its tunnel proved. A field that says so is therefore the next proxy's to write, and
 * from a client no more than a claim in whosoever's name (waypoint contract 2.4): `x-forwarded-client-cert`, Envoy's
 * `x-envoy-internal` and `x-envoy-peer-metadata`, and all that begins with `x-istio-`.
 *
 * The same names with `_` are removed too, and so is `x_forwarded_for`: CGI, and whatever descends from it (WSGI, Rack,
 * PHP), takes both for one variable. `x-forwarded-for` itself stays, since its last entry is ours.
 */
export const removeIdentityClaims = (headers: HeaderList): void => {
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) {
    if (isIdentityClaim(fields[i] ?? '')) return removeFrom(fields, i, isIdentityClaim)
  }
}

/** Removes what only we may say in a request that goes out, whoever said it. */
export const removeOwnFields = (headers: HeaderList): void => {
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) {
    if (isOwnField(fields[i] ?? '')) return removeFrom(fields, i, isOwnField)
  }
}

/** All of them are longer than `x-istio`. */
const MIN_LENGTH = 8
const LETTER_I = 0x69
const LETTER_X = 0x78

/** Whether a field, in lower case, is one. By length and two letters first: of a dozen fields hardly one is compared. */
export const isIdentityClaim = (name: string): boolean => {
  if (name.length < MIN_LENGTH || name.charCodeAt(0) !== LETTER_X) return false
  if (name.charCodeAt(2) === LETTER_I) return hyphenated(name).startsWith('x-istio-')
  switch (name.length) {
    case 16:
      return hyphenated(name) === 'x-envoy-internal'
    case 21:
      return hyphenated(name) === 'x-envoy-peer-metadata'
    case 24:
      return hyphenated(name) === 'x-envoy-peer-metadata-id'
    default:
      return isOwnField(name)
  }
}

/**
 * Whether a field, in lower case, tells the endpoint who the client is, or looks like one that does: that is ours to
 * write, and neither a route's nor a filter's.
 */
export const isOwnField = (name: string): boolean => {
  switch (name.length) {
    case 15:
      return name !== 'x-forwarded-for' && hyphenated(name) === 'x-forwarded-for'
    case 23:
      return hyphenated(name) === 'x-forwarded-client-cert'
    default:
      return false
  }
}
