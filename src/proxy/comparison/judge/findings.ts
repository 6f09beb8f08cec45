import { hideInTarget } from '../../../lib/secrets/hide-secrets.ts'
import type { FoundDifference } from '../comparison-reading.ts'
import type { Difference } from './difference.ts'
import { formatPlace, formatValue, shorten } from './format-value.ts'

/** Places that are remembered; what differs elsewhere, or did, is only counted. */
const MAX_PLACES = 100

/** Which request it was seen at. */
export interface SeenAt {
  readonly method: string
  readonly path: string
  readonly atMs: number
}

/** The differences of one mirror, by their place. */
export class Findings {
  readonly #found = new Map<string, FoundDifference>()
  readonly #showsValues: boolean
  omitted = 0

  constructor({ showsValues }: { readonly showsValues: boolean }) {
    this.#showsValues = showsValues
  }

  /** One more difference; `path` has `*` for places in lists. */
  add(path: string, difference: Difference, { method, path: target, atMs }: SeenAt): void {
    const { kind } = difference
    const key = `${path} ${kind}`
    const known = this.#found.get(key)
    if (known === undefined && !this.#makeRoom()) return
    // The last ones to be seen stand last.
    this.#found.delete(key)
    const primary = this.#showsValues ? formatValue(difference.primary, difference) : undefined
    const mirror = this.#showsValues ? formatValue(difference.mirror, difference) : undefined
    this.#found.set(key, {
      path: known?.path ?? formatPlace({ part: difference.part, steps: difference.pattern }),
      kind,
      count: (known?.count ?? 0) + 1,
      firstAtMs: known?.firstAtMs ?? atMs,
      lastAtMs: atMs,
      example: {
        method,
        path: shorten(hideInTarget(target)),
        place: formatPlace(difference),
        ...(primary === undefined ? {} : { primary }),
        ...(mirror === undefined ? {} : { mirror }),
      },
    })
  }

  /** What was seen once gives way, the oldest first: places that come and go must not keep out what comes again. */
  #makeRoom(): boolean {
    if (this.#found.size < MAX_PLACES) return true
    this.omitted++
    for (const [key, { count }] of this.#found) if (count === 1) return this.#found.delete(key)
    return false
  }

  /** Those for which `isNoise` does not hold by now, the most frequent first. */
  list(isNoise: (path: string, kind: Difference['kind']) => boolean): readonly FoundDifference[] {
    for (const [key, { kind }] of this.#found) {
      if (isNoise(key.slice(0, key.lastIndexOf(' ')), kind)) this.#found.delete(key)
    }
    return [...this.#found.values()].toSorted((a, b) => b.count - a.count)
  }
}
