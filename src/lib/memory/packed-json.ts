/**
 * JSON on its way from one thread or process to another, so that it takes little room where it arrives: whatever is
 * equal, text or list or object, is there once. A copy as the platform makes it has each of them anew (`HTTPRoute`
 * 20,000 times), and objects with places to spare.
 */
export type Packed<T> = string & { readonly __packs: T }

/** Only what JSON can say; properties that are `undefined` are left out. */
export const packJson = <T>(value: T): Packed<T> => {
  const packer = new Packer()
  packer.add(value)
  // The only place where they are made.
  return packer.text() as Packed<T>
}

/** What was packed; parts of it that were equal are the same object now. */
export const unpackJson = <T>(packed: Packed<T>): T => {
  // What `Packer` writes: each object and list has positions of values that stand before it.
  const values = JSON.parse(packed) as unknown[]
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue
    const fields = value as Record<string, unknown>
    for (const key in fields) fields[key] = values[Number(fields[key])]
  }
  return values.at(-1) as T
}

/** Writes a list in which each value stands once, after those that it is made of; the whole is the last. */
class Packer {
  readonly #texts: string[] = []
  /** Positions of texts, numbers and the like by themselves, those of objects and lists by what is written of them. */
  readonly #leaves = new Map<unknown, number>()
  readonly #nodes = new Map<string, number>()
  readonly #names = new Map<string, string>()

  /** Its position. */
  add(value: unknown): number {
    if (typeof value !== 'object' || value === null) return this.#leaves.get(value) ?? this.#addLeaf(value)
    const text = Array.isArray(value) ? this.#formatList(value) : this.#formatObject(value)
    const known = this.#nodes.get(text)
    if (known !== undefined) return known
    this.#nodes.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  text(): string {
    return `[${this.#texts.join(',')}]`
  }

  #addLeaf(value: unknown): number {
    this.#leaves.set(value, this.#texts.length)
    return this.#texts.push(JSON.stringify(value) ?? 'null') - 1
  }

  #formatList(list: readonly unknown[]): string {
    let text = '['
    for (const item of list) text += text === '[' ? this.add(item) : `,${this.add(item)}`
    return `${text}]`
  }

  #formatObject(object: object): string {
    let text = '{'
    // Widening only: any object can be read by any key.
    const fields = object as Readonly<Record<string, unknown>>
    for (const key in fields) {
      const part = fields[key]
      if (part === undefined) continue
      const name = this.#names.get(key) ?? this.#addName(key)
      text += text === '{' ? name : `,${name}`
      text += this.add(part)
    }
    return `${text}}`
  }

  #addName(key: string): string {
    const name = `${JSON.stringify(key)}:`
    this.#names.set(key, name)
    return name
  }
}
