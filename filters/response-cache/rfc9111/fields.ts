/** Fields of a message as the rules look at them; a `HeaderList` is one. */
export interface Fields extends Iterable<readonly [name: string, value: string]> {
  readonly get: (name: string) => string | undefined
  readonly has: (name: string) => boolean
}

/** Fields whose names are in small letters. */
export const createFields = (pairs: readonly (readonly [name: string, value: string])[]): Fields => ({
  get: (name) => {
    const values = pairs.filter(([other]) => other === name).map(([, value]) => value)
    return values.length === 0 ? undefined : values.join(', ')
  },
  has: (name) => pairs.some(([other]) => other === name),
  [Symbol.iterator]: () => pairs[Symbol.iterator](),
})
