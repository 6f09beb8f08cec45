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

/** What reports say of things of one kind, written once for each as long as it lives. */
export class Encoded<K extends object> {
  readonly #write: WriteOf<K>
  readonly #known = new WeakMap<K, Buffer>()

  constructor(write: WriteOf<K>) {
    this.#write = write
  }

  of(key: K): Buffer {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const encoded = encode(this.#write, key)
    this.#known.set(key, encoded)
    return encoded
  }
}

/** Methods, versions and statuses; a client may invent some. */
const MAX_VALUES = 256

/** The same for texts or numbers, of which the first few hundred are kept. */
export class EncodedValues<K extends string | number> {
  readonly #write: WriteOf<K>
  readonly #known = new Map<K, Buffer>()

  constructor(write: WriteOf<K>) {
    this.#write = write
  }

  of(key: K): Buffer {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const encoded = encode(this.#write, key)
    if (this.#known.size < MAX_VALUES) this.#known.set(key, encoded)
    return encoded
  }
}

const encode = <K>(write: WriteOf<K>, key: K): Buffer => {
  const writer = new ProtoWriter(Buffer.allocUnsafeSlow(FIRST_BYTES))
  write(key, writer)
  return writer.copy()
}

const FIRST_BYTES = 512
