/**
 * What the language itself gives to everybody in a process. Code that changes it changes it for all filters and for the
 * waypoint, and stays when its version goes.
 */
const shared: readonly (readonly [name: string, value: object])[] = [
  ...([Object, Array, Function, String, Number, Boolean, Symbol, Promise, RegExp, Date, Error] as const),
  ...([Map, Set, WeakMap, WeakSet, ArrayBuffer, Uint8Array, Buffer, URL, URLSearchParams, Headers] as const),
].flatMap((type) => [[type.name, type] as const, [`${type.name}.prototype`, type.prototype as object] as const])
const namespaces: typeof shared = [
  ['JSON', JSON],
  ['Math', Math],
  ['Reflect', Reflect],
]

/** As it is now; what it gives says which part of it is another since then, or there that was not: `Array.prototype.map`. */
export const watchBuiltins = (): (() => string | undefined) => {
  const before = [...shared, ...namespaces].map(([name, value]) => ({ name, value, parts: partsOf(value) }))
  return () => {
    for (const { name, value, parts } of before) {
      const now = partsOf(value)
      const changed = [...parts.keys()].find((key) => parts.get(key) !== now.get(key))
      // What is added to a prototype shows in every object of the process; to a constructor only who asks for it.
      const added = name.endsWith('.prototype') ? [...now.keys()].find((key) => !parts.has(key)) : undefined
      const found = changed ?? added
      if (found !== undefined) return `${name}.${String(found)}`
    }
    return undefined
  }
}

const partsOf = (value: object): ReadonlyMap<PropertyKey, unknown> =>
  new Map(
    Reflect.ownKeys(value).flatMap((key) => {
      const found = Reflect.getOwnPropertyDescriptor(value, key)
      const part: unknown = found?.get ?? found?.value
      // Others are options of the engine (`Error.stackTraceLimit`).
      return typeof part === 'function' ? [[key, part] as const] : []
    }),
  )
