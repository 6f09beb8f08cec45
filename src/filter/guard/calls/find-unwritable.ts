import { isFieldValue } from '../../../lib/headers/is-field-value.ts'
import { isFieldName } from '../../../http/h1/field-names.ts'
import type { HeaderList } from '../../../http/header-list.ts'

/**
 * What of a header list cannot be written into a message; `undefined` for a good one. Most fields stand where a reader
 * that had checked them has put them: comparing pointers is all that they cost.
 */
export const findUnwritable = (headers: HeaderList): string | undefined => {
  const { fields, checked } = headers
  let at = 0
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const value = fields[i + 1] ?? ''
    if (checked[at] === name && checked[at + 1] === value) {
      at += 2
      continue
    }
    const found = headers.findChecked(name, value, at)
    if (found >= 0) at = found + 2
    else if (headers.isOwn(name, value)) continue
    else if (typeof name !== 'string' || !isFieldName(name)) return `the header name ${JSON.stringify(name)}`
    else if (typeof value !== 'string') return `a value of header ${name} that is no text`
    else if (!isFieldValue(value)) return `the value of header ${name}`
  }
  return undefined
}
