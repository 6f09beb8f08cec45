import { HeaderList } from '../header-list.ts'
import { removeHopByHop } from '../hop-by-hop.ts'

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
  headers.checked = kept.slice()
  removeHopByHop(headers)
  return headers
}

/** Appends the fields of an HTTP/1.1 head that HTTP/2 has as well to `fields`, without Host and content-length. */
export const addH2Fields = (fields: string[], headers: HeaderList): void => {
  const copy = headers.clone()
  removeHopByHop(copy)
  for (let i = 0; i < copy.fields.length; i += 2) {
    const name = copy.fields[i] ?? ''
    if (name !== 'host' && name !== 'content-length') fields.push(name, copy.fields[i + 1] ?? '')
  }
}
