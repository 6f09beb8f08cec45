/** What everybody in a process looks at, beside what is found at `globalThis`: it is there only when somebody asks for it. */
const more: readonly (readonly [name: string, value: object])[] = [
  ...([Headers, Buffer, URL, URLSearchParams] as const).flatMap((type) => withPrototype(type.name, type)),
  ['Array.prototype[Symbol.iterator]', Reflect.getPrototypeOf([][Symbol.iterator]()) ?? {}],
  ['Uint8Array', Reflect.getPrototypeOf(Uint8Array) ?? {}],
  ['Uint8Array.prototype', Reflect.getPrototypeOf(Uint8Array.prototype) ?? {}],
]
const namespaces: typeof more = [
  ['JSON', JSON],
  ['Math', Math],
  ['Reflect', Reflect],
]

/**
 * Watches what the language and Node give to everybody in a process: code that changes it changes it for all filters and for
 * the waypoint, and that stays when its version goes. What it gives says which part of it is another since it was called, or
 * there that was not: `Array.prototype.map`.
 */
export const watchBuiltins = (): (() => string | undefined) => {
  const before = [...findTypes(), ...more, ...namespaces].map(([name, value]) => ({
    name,
    value,
    parts: partsOf(name, value),
  }))
  const globals = globalsOf()
  return () => {
    for (const { name, value, parts } of before) {
      const now = partsOf(name, value)
      const changed = [...parts.keys()].find((key) => !Object.is(parts.get(key), now.get(key)))
      // What is added to a prototype shows in every object of the process; to a constructor only who asks for it.
      const added = isPrototype(name) ? [...now.keys()].find((key) => !parts.has(key)) : undefined
      const found = changed ?? added
      if (found !== undefined) return `${name}.${String(found)}`
    }
    return findReplaced(globals)
  }
}

function withPrototype(name: string, type: object): (readonly [string, object])[] {
  const prototype: unknown = 'prototype' in type ? type.prototype : undefined
  return typeof prototype === 'object' && prototype !== null
    ? [
        [name, type],
        [`${name}.prototype`, prototype],
      ]
    : [[name, type]]
}

const findTypes = (): typeof more =>
  [...globalsOf()].flatMap(([name, { value }]) => {
    const type: unknown = value
    return typeof type === 'function' ? withPrototype(String(name), type) : []
  })

const isPrototype = (name: string): boolean => name.endsWith('.prototype')

const partsOf = (name: string, value: object): ReadonlyMap<PropertyKey, unknown> =>
  new Map(
    Reflect.ownKeys(value).flatMap((key) => {
      const found = Reflect.getOwnPropertyDescriptor(value, key)
      const part: unknown = found?.get ?? found?.value
      // Others, of a constructor, are options of the engine (`Error.stackTraceLimit`).
      return typeof part === 'function' || isPrototype(name) ? [[key, part] as const] : []
    }),
  )

type Globals = ReadonlyMap<PropertyKey, PropertyDescriptor>

const globalsOf = (): Globals =>
  new Map(
    Reflect.ownKeys(globalThis).flatMap((key) => {
      const found = Reflect.getOwnPropertyDescriptor(globalThis, key)
      return found === undefined ? [] : [[key, found] as const]
    }),
  )

/** Whoever adds to them takes nothing from anybody. */
const findReplaced = (globals: Globals): string | undefined => {
  for (const [key, before] of globals) {
    const now = Reflect.getOwnPropertyDescriptor(globalThis, key)
    const isSame = now !== undefined && now.get === before.get && Object.is(now.value, before.value)
    // What Node loads when it is first asked for stands there as itself from then on.
    const isLoaded = before.get !== undefined && now?.get === undefined && readBy(before) === now?.value
    if (!isSame && !isLoaded) return String(key)
  }
  return undefined
}

const readBy = (before: PropertyDescriptor): unknown => {
  try {
    return before.get?.call(globalThis)
  } catch {
    return undefined
  }
}
