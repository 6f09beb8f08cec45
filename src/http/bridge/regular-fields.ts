import { UNTIL_CLOSE } from '../h1/message.ts'
import { HeaderList } from '../header-list.ts'
import { isConnectionSpecific, removeHopByHop } from '../hop-by-hop.ts'
import { checkRegularField } from '../h2/fields.ts'

const COLON = 0x3a

/**
 * The fields of an HTTP/2 head, which have been checked, that HTTP/1.1 has as well. Host is left out, for it goes with the first line; one
 * content-length stays, as `length` says it; cookie crumbs become one cookie (RFC 9113 section 8.2.3).
 */
export const toH1Fields = (fields: readonly string[], length: number): HeaderList => {
  const kept: string[] = []
  let cookieAt = -1
  let hasLength = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    let value = fields[i + 1] ?? ''
    if (name.charCodeAt(0) === COLON || name === 'host') continue
    if (name === 'cookie') {
      if (cookieAt !== -1) {
        // An empty crumb would leave a blank at the end of the value, which the next hop trims, or does not.
        if (value !== '') kept[cookieAt] = kept[cookieAt] === '' ? value : `${kept[cookieAt]}; ${value}`
        continue
      }
      cookieAt = kept.length + 1
    } else if (name === 'content-length') {
      if (hasLength) continue
      hasLength = true
      value = String(length)
    }
    kept.push(name, value)
  }
  const headers = new HeaderList(kept)
  // What was put together or written anew here is not among them, and looked at once more when it goes out.
  headers.checked = fields
  removeHopByHop(headers)
  return headers
}

/**
 * Appends the fields of an HTTP/1.1 head that HTTP/2 has as well to `fields`, without Host and content-length; what is
 * wrong with one that may not go out. Those that a reader let pass are not looked at again.
 */
export const addH2Fields = (fields: string[], headers: HeaderList): string | undefined => {
  const list = withoutConnection(headers)
  let at = 0
  for (let i = 0; i < list.fields.length; i += 2) {
    const name = list.fields[i] ?? ''
    const value = list.fields[i + 1] ?? ''
    const same = list.findChecked(name, value, at)
    if (same >= 0) at = same + 2
    else if (!list.isOwn(name, value)) {
      const wrong = checkRegularField(name, value)
      if (wrong !== undefined) return wrong
    }
    if (name !== 'host' && name !== 'content-length') fields.push(name, value)
  }
  return undefined
}

/** Whether it can be the length of a body, those that stand for other framings included. */
export const isBodyLength = (bodyLength: number): boolean =>
  Number.isSafeInteger(bodyLength) && bodyLength >= UNTIL_CLOSE

/** Mostly what was forwarded is without these already. */
const withoutConnection = (headers: HeaderList): HeaderList => {
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const isKept =
      name === 'te' ? fields[i + 1] === 'trailers' : !isConnectionSpecific(name) && name !== 'http2-settings'
    if (isKept) continue
    const copy = headers.clone()
    removeHopByHop(copy)
    return copy
  }
  return headers
}
