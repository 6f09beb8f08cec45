import { joinPath } from '../../lib/field-path.ts'
import { isPlainObject } from '../../lib/schema.ts'

/** The fields that something is done with: all of what one holds, or some of it; of a list, of each of its items. */
export interface UsedFields {
  readonly [name: string]: 'all' | UsedFields
}

/** The paths of the fields that nothing is done with: `ingressClass`, `extensionProviders[1].zipkin`. */
export const findUnused = (value: unknown, used: UsedFields, path = ''): readonly string[] => {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => findUnused(item, used, `${path}[${index}]`))
  }
  if (!isPlainObject(value)) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const within = Object.hasOwn(used, name) ? used[name] : undefined
    const at = joinPath(path, name)
    if (within === undefined) return [at]
    return within === 'all' ? [] : findUnused(field, within, at)
  })
}
