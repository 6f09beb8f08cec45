import { ProtoWriter } from './proto-writer.ts'
import type { TakeTag } from './span-tags.ts'

/** Of a span's attributes, and of a resource's. */
export const SPAN_ATTRIBUTES = 9
export const RESOURCE_ATTRIBUTES = 1

/** Writes what a report says of a thing. */
type WriteOf<K> = (of: K, writer: ProtoWriter) => void

/** Writes the tags of a thing as attributes. */
export const asAttributes =
  <K>(tagsOf: (of: K, take: TakeTag) => void, field = SPAN_ATTRIBUTES): WriteOf<K> =>
  (of, writer) =>
    tagsOf(of, (name, value) => writer.attribute(field, name, value))

/** What was written of things. */
interface Known<K> {
  readonly get: (key: K) => Buffer | undefined
  readonly set: (key: K, encoded: Buffer) => unknown
}

/** What reports say of things of one kind, written once for each that is known. */
export class Encoded<K> {
  readonly #write: WriteOf<K>
  readonly #known: Known<K>

  constructor(write: WriteOf<K>, known: Known<K>) {
    this.#write = write
    this.#known = known
  }

  of(key: K): Buffer {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const encoded = encode(this.#write, key)
    this.#known.set(key, encoded)
    return encoded
  }
}

/** Of objects, for as long as each lives. */
export const encodedObjects = <K extends object>(write: WriteOf<K>): Encoded<K> => new Encoded(write, new WeakMap())

/** Methods, versions and statuses; a client may invent some. */
const MAX_VALUES = 256

/** Of texts or numbers, of which the first few hundred are kept. */
export const encodedValues = <K extends string | number>(write: WriteOf<K>): Encoded<K> => {
  const known = new Map<K, Buffer>()
  return new Encoded(write, {
    get: (key) => known.get(key),
    set: (key, encoded) => known.size < MAX_VALUES && known.set(key, encoded),
  })
}

/** The same of a thing that is asked for once. */
export const encode = <K>(write: WriteOf<K>, key: K): Buffer => {
  const writer = new ProtoWriter(Buffer.allocUnsafeSlow(FIRST_BYTES))
  write(key, writer)
  return writer.copy()
}

const FIRST_BYTES = 512
