/** What an entry costs beyond its name and value (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD_BYTES = 32

/**
 * The dynamic table of one direction of a connection (RFC 7541 section 2.3.2): a ring of fields that forgets the
 * oldest ones once their sizes add up to more than its capacity. Entries are known by a sequence number that counts
 * up from 0 and is never used again.
 */
export class DynamicTable {
  /** Sequence number that the next entry will get. */
  nextSequence = 0
  /** Sequence number of the oldest entry still there; equals `nextSequence` when the table is empty. */
  oldestSequence = 0
  capacityBytes: number
  #usedBytes = 0
  #names: string[] = []
  #values: string[] = []
  #mask = -1
  readonly #onEvict: ((name: string, sequence: number) => void) | undefined

  /** `onEvict` hears of every entry that goes, before its place is used again. */
  constructor(capacityBytes: number, onEvict?: (name: string, sequence: number) => void) {
    this.capacityBytes = capacityBytes
    this.#onEvict = onEvict
  }

  /** Number of entries. */
  get size(): number {
    return this.nextSequence - this.oldestSequence
  }

  /** Sum of the entries' sizes, overheads included. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  nameOf(sequence: number): string {
    return this.#names[sequence & this.#mask] ?? ''
  }

  valueOf(sequence: number): string {
    return this.#values[sequence & this.#mask] ?? ''
  }

  /** Adds a field, making room first; one that is larger than the whole table only empties it (section 4.4). */
  add(name: string, value: string): boolean {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES
    while (this.#usedBytes + bytes > this.capacityBytes && this.size > 0) this.#evictOldest()
    if (bytes > this.capacityBytes) return false
    if (this.size > this.#mask) this.#grow()
    const slot = this.nextSequence & this.#mask
    this.#names[slot] = name
    this.#values[slot] = value
    this.#usedBytes += bytes
    this.nextSequence += 1
    return true
  }

  /** Changes the capacity, evicting what no longer fits (section 4.3). */
  resize(capacityBytes: number): void {
    this.capacityBytes = capacityBytes
    while (this.#usedBytes > capacityBytes) this.#evictOldest()
  }

  #evictOldest(): void {
    const sequence = this.oldestSequence
    const slot = sequence & this.#mask
    const name = this.#names[slot] ?? ''
    this.#usedBytes -= name.length + (this.#values[slot] ?? '').length + ENTRY_OVERHEAD_BYTES
    this.#onEvict?.(name, sequence)
    this.#names[slot] = ''
    this.#values[slot] = ''
    this.oldestSequence = sequence + 1
  }

  /** Doubles the ring; its slots are bounded by the capacity, as every entry costs at least its overhead. */
  #grow(): void {
    const slots = Math.max(8, (this.#mask + 1) * 2)
    const names = new Array<string>(slots).fill('')
    const values = new Array<string>(slots).fill('')
    for (let sequence = this.oldestSequence; sequence < this.nextSequence; sequence += 1) {
      names[sequence & (slots - 1)] = this.nameOf(sequence)
      values[sequence & (slots - 1)] = this.valueOf(sequence)
    }
    this.#names = names
    this.#values = values
    this.#mask = slots - 1
  }
}
