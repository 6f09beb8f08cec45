/** What two answers of the primary to one request differ in, which says nothing when an answer of the mirror does. */
import type { Difference, DifferenceKind } from './difference.ts'
import { shorten } from './format-value.ts'
import { escapeStep } from './json/path-patterns.ts'

/** Pairs that are remembered, and as many again until the next ones have come together. */
const GENERATION = 1000
const MAX_PATHS = 2000
/** What is longer is told apart by its beginning: names of fields are as long as who sends them likes. */
const MAX_STEP = 64
const MAX_LENGTH = 512
/** So many fields that only one of two answers has make an object a map, whose keys say nothing. */
const MAP_KEYS = 8
/** Of chance alone, one rate in thirty thousand lies so many standard deviations off. */
const DEVIATIONS = 4

/** What of a path was seen. */
interface Seen {
  /** Pairs of the primary that differed there. */
  noise: number
  /** Pairs with the mirror that did. */
  mirror: number
}

interface Generation {
  samples: number
  pairs: number
  readonly paths: Map<string, Seen>
}

/** What is known of a difference. */
export interface NoiseVerdict {
  /** Its path, with `*` for items of lists and keys of maps. */
  readonly path: string
  readonly isNoise: boolean
}

/** A path where the primary differs from itself. */
export interface NoisyPath {
  readonly path: string
  readonly kind: DifferenceKind
  /** In how many of its pairs the primary differs from itself there, and the mirror from it in how many of theirs: 0 to 1. */
  readonly primary: number
  readonly mirror: number
  /** The mirror differs more often than chance explains: noise may hide that it is wrong. */
  readonly isSuspect: boolean
}

/** What is learned for one mirror. */
export class Noise {
  #now = createGeneration()
  #before = createGeneration()
  /** Of objects that may be maps, the fields that one answer had and the other had not. */
  readonly #keys = new Map<string, Set<string>>()
  readonly #maps = new Set<string>()
  /** Paths that there was no room for. */
  overflowed = 0

  /** Pairs of the primary that are remembered. */
  get samples(): number {
    return this.#now.samples + this.#before.samples
  }

  /** Two answers of the primary to one request. */
  learn(differences: readonly Difference[]): void {
    if (this.#now.samples >= GENERATION) {
      this.#before = this.#now
      this.#now = createGeneration()
    }
    this.#now.samples++
    for (const difference of differences) this.#findMap(difference)
    for (const [path, kind] of this.#keysOf(differences)) {
      // Which of the two answers came first is chance.
      const share = other[kind] === kind ? 1 : 0.5
      this.#add(path, kind, { noise: share, mirror: 0 })
      if (share < 1) this.#add(path, other[kind], { noise: share, mirror: 0 })
    }
  }

  /** An answer of the mirror beside that of the primary: which differences there are, each once, and whether they are noise. */
  judge(differences: readonly Difference[]): readonly (NoiseVerdict & { readonly difference: Difference })[] {
    this.#now.pairs++
    const seen = new Set<string>()
    return differences.flatMap((difference) => {
      const path = this.#pathOf(difference)
      const key = keyOf(path, difference.kind)
      if (seen.has(key)) return []
      seen.add(key)
      this.#add(path, difference.kind, { noise: 0, mirror: 1 })
      return [{ path, difference, isNoise: this.isNoise(path, difference.kind) }]
    })
  }

  /** Whether the primary differs from itself there. */
  isNoise(path: string, kind: DifferenceKind): boolean {
    return this.#seenAt(keyOf(path, kind)).noise > 0
  }

  /** What is noise, the paths in order. */
  paths(): readonly NoisyPath[] {
    const pairs = this.#now.pairs + this.#before.pairs
    const keys = new Set([...this.#before.paths.keys(), ...this.#now.paths.keys()])
    return [...keys].toSorted().flatMap((key): readonly NoisyPath[] => {
      const { noise, mirror } = this.#seenAt(key)
      if (noise === 0) return []
      const [, most] = rateOf(noise, this.samples)
      const [least] = rateOf(mirror, pairs)
      const rates = { primary: noise / this.samples, mirror: pairs === 0 ? 0 : mirror / pairs }
      return [{ path: key.slice(0, key.lastIndexOf(' ')), ...kindOf(key), ...rates, isSuspect: least > most }]
    })
  }

  #seenAt(key: string): Seen {
    const now = this.#now.paths.get(key)
    const before = this.#before.paths.get(key)
    return {
      noise: (now?.noise ?? 0) + (before?.noise ?? 0),
      mirror: (now?.mirror ?? 0) + (before?.mirror ?? 0),
    }
  }

  *#keysOf(differences: readonly Difference[]): Generator<readonly [path: string, kind: DifferenceKind]> {
    const seen = new Set<string>()
    for (const difference of differences) {
      const path = this.#pathOf(difference)
      const key = keyOf(path, difference.kind)
      if (!seen.has(key)) yield [path, difference.kind]
      seen.add(key)
    }
  }

  #add(path: string, kind: DifferenceKind, { noise, mirror }: Seen): void {
    const { paths } = this.#now
    const key = keyOf(path, kind)
    const known = paths.get(key)
    if (known === undefined) {
      if (paths.size < MAX_PATHS) paths.set(key, { noise, mirror })
      else this.overflowed++
      return
    }
    known.noise += noise
    known.mirror += mirror
  }

  /** Notes fields that come and go, by which a map is known. */
  #findMap({ kind, pattern, part }: Difference): void {
    if (part !== 'body' || (kind !== 'missing' && kind !== 'extra') || pattern.at(-1) === '*') return
    const parent = this.#pathOf({ part, pattern: pattern.slice(0, -1) })
    if (this.#maps.has(parent)) return
    const keys = this.#keys.get(parent) ?? new Set()
    keys.add(shorten(pattern.at(-1) ?? '', MAX_STEP))
    if (keys.size < MAP_KEYS) {
      if (this.#keys.size < MAX_PATHS) this.#keys.set(parent, keys)
      return
    }
    this.#keys.delete(parent)
    this.#maps.add(parent)
  }

  #pathOf({ part, pattern }: Pick<Difference, 'part' | 'pattern'>): string {
    if (part !== 'body') return pattern.length === 0 ? part : `${part} ${pattern.join()}`
    let path: string = part
    for (const [i, step] of pattern.entries()) {
      const name = this.#maps.has(path) ? '*' : escapeStep(shorten(step, MAX_STEP))
      path += i === 0 ? ` /${name}` : `/${name}`
    }
    return shorten(path, MAX_LENGTH)
  }
}

/** Seen from the other side. */
const other: Readonly<Record<DifferenceKind, DifferenceKind>> = {
  value: 'value',
  type: 'type',
  length: 'length',
  missing: 'extra',
  extra: 'missing',
}

const createGeneration = (): Generation => ({ samples: 0, pairs: 0, paths: new Map() })

const kindOf = (key: string): Pick<NoisyPath, 'kind'> => ({
  // It was made by `keyOf`.
  kind: key.slice(key.lastIndexOf(' ') + 1) as DifferenceKind,
})

const keyOf = (path: string, kind: DifferenceKind): string => `${path} ${kind}`

/** Between what and what a rate lies of which `hits` of `tries` were seen (Wilson's score interval). */
const rateOf = (hits: number, tries: number): readonly [least: number, most: number] => {
  if (tries === 0) return [0, 1]
  const squared = DEVIATIONS * DEVIATIONS
  const rate = hits / tries
  const middle = rate + squared / (2 * tries)
  const spread = DEVIATIONS * Math.sqrt((rate * (1 - rate)) / tries + squared / (4 * tries * tries))
  const scale = 1 + squared / tries
  return [(middle - spread) / scale, Math.min(1, (middle + spread) / scale)]
}
