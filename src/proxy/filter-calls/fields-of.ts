import type { HeaderList } from '../../http/header-list.ts'

/** Fields by name, as Node and undici have them: several of one name are a list. */
export const fieldsOf = (headers: HeaderList): Record<string, string | string[]> => {
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const before = Object.hasOwn(fields, name) ? fields[name] : undefined
    const next = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
    // A field of this name would be taken for an order to the object.
    if (name === '__proto__') Object.defineProperty(fields, name, { value: next, enumerable: true, configurable: true })
    else fields[name] = next
  }
  return fields
}

/** Names and values in turn. */
export const flatOf = (headers: HeaderList): string[] => headers.fields.slice()
