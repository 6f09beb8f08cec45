import type { CacheKey } from './cache-key.ts'
import type { HeaderList } from 'fairway/filter'
import type { Freshness } from '../rfc9111/freshness.ts'
import type { Validated } from '../rfc9111/conditions.ts'

/** A response that is kept. It is never changed: a newer one takes its place. */
export interface Entry extends Validated {
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** What the request had that the response depends on: names in small letters, and values as they are compared. */
  readonly vary: readonly (readonly [name: string, value: string])[]
  readonly freshness: Freshness
  /** It may be given to who shows credentials, and was perhaps made for one who did. */
  readonly allowsCredentials: boolean
}

interface Slot {
  readonly key: CacheKey
  entry: Entry
  bytes: number
}

/** Variants of one partition of one URI. */
const MAX_VARIANTS = 16
/** What an entry costs beside its texts and bytes. */
const OVERHEAD_BYTES = 512

/** What is told of what becomes of the memory. */
export interface StoreUser {
  readonly onStored: (bytes: number) => void
  readonly onGone: (bytes: number, reason: 'evicted' | 'replaced' | 'invalidated') => void
}

/** Responses by URI, partition and variant, within so many bytes: what has not been used for longest makes room. */
export class Store {
  readonly #maxBytes: number
  readonly #user: StoreUser
  readonly #byUri = new Map<string, Map<string, Slot[]>>()
  /** In the order of their last use. */
  readonly #used = new Set<Slot>()
  #bytes = 0

  constructor(maxBytes: number, user: StoreUser) {
    this.#maxBytes = maxBytes
    this.#user = user
  }

  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#used.size
  }

  /** The variant for a request with these headers; the newest, if several would do (RFC 9111 section 4.1). */
  find({ uri, partition }: CacheKey, headers: HeaderList): Entry | undefined {
    const slots = this.#byUri.get(uri)?.get(partition)
    const slot = slots?.findLast(({ entry }) => fits(entry, headers))
    if (slot === undefined) return undefined
    this.#used.delete(slot)
    this.#used.add(slot)
    return slot.entry
  }

  /** Keeps an entry, in place of one for the same requests. */
  put(key: CacheKey, entry: Entry): void {
    const partitions = this.#byUri.get(key.uri) ?? new Map<string, Slot[]>()
    const slots = partitions.get(key.partition) ?? []
    const same = slots.find(({ entry: other }) => isSameVariant(other, entry))
    if (same !== undefined) this.#drop(same, 'replaced')
    else if (slots.length >= MAX_VARIANTS && slots[0] !== undefined) this.#drop(slots[0], 'evicted')
    const slot = { key, entry, bytes: sizeOf(key, entry) }
    this.#byUri.set(key.uri, partitions)
    partitions.set(key.partition, [...(partitions.get(key.partition) ?? []), slot])
    this.#used.add(slot)
    this.#bytes += slot.bytes
    this.#user.onStored(slot.bytes)
    for (const oldest of this.#used) {
      if (this.#bytes <= this.#maxBytes) break
      this.#drop(oldest, 'evicted')
    }
  }

  /** Forgets one. */
  remove({ uri, partition }: CacheKey, entry: Entry): void {
    const slot = this.#byUri
      .get(uri)
      ?.get(partition)
      ?.find((each) => each.entry === entry)
    if (slot !== undefined) this.#drop(slot, 'invalidated')
  }

  /** Forgets all of a URI; how many there were. */
  invalidate(uri: string): number {
    const slots = [...(this.#byUri.get(uri)?.values() ?? [])].flat()
    for (const slot of slots) this.#drop(slot, 'invalidated')
    return slots.length
  }

  /** Forgets everything of those URIs that `isMeant`; how many there were. */
  invalidateWhere(isMeant: (uri: string) => boolean): number {
    let count = 0
    for (const uri of [...this.#byUri.keys()]) if (isMeant(uri)) count += this.invalidate(uri)
    return count
  }

  #drop(slot: Slot, reason: 'evicted' | 'replaced' | 'invalidated'): void {
    if (!this.#used.delete(slot)) return
    const { uri, partition } = slot.key
    this.#bytes -= slot.bytes
    this.#user.onGone(slot.bytes, reason)
    const partitions = this.#byUri.get(uri)
    const left = partitions?.get(partition)?.filter((each) => each !== slot) ?? []
    if (left.length > 0) partitions?.set(partition, left)
    else partitions?.delete(partition)
    if (partitions?.size === 0) this.#byUri.delete(uri)
  }
}

/** The value of a field as variants are compared: how it is spaced makes no difference. */
export const normalise = (value: string | undefined): string => (value ?? '').replaceAll(/[\t ]*,[\t ]*/g, ',').trim()

const fits = ({ vary }: Entry, headers: HeaderList): boolean =>
  vary.every(([name, value]) => normalise(headers.get(name)) === value)

const isSameVariant = ({ vary: a }: Entry, { vary: b }: Entry): boolean =>
  a.length === b.length && a.every(([name, value]) => b.some(([other, its]) => other === name && its === value))

const sizeOf = ({ uri, partition }: CacheKey, { fields, vary, body }: Entry): number => {
  let bytes = OVERHEAD_BYTES + body.length + 2 * (uri.length + partition.length)
  for (const pairs of [fields, vary]) for (const [name, value] of pairs) bytes += name.length + value.length
  return bytes
}
