/** How comparisons with mirrors stand, as plain data: of one process, or of several put together. */
import type { DifferenceKind } from './judge/difference.ts'
import type { NoisyPath } from './judge/noise.ts'

/**
 * What came of pairs of answers: they were the `same`, or `different`, or seen while it was still being learned what is
 * noise; the mirror gave none; or there was no room, no time, or no whole answer of the primary to compare with.
 */
export const comparisonOutcomes = ['same', 'different', 'learning', 'unanswered', 'skipped'] as const

/** One of `comparisonOutcomes`. */
export type ComparisonOutcome = (typeof comparisonOutcomes)[number]

/** How a comparison stands at one mirror. */
export interface ComparisonReading {
  /** `NAMESPACE/NAME` of the MirrorComparison. */
  readonly comparison: string
  /** Of the mirror: `HTTPRoute shop/api rules[0].filters[1]`. */
  readonly origin: string
  /** `NAMESPACE/NAME:PORT` of the mirror. */
  readonly mirror: string
  readonly outcomes: Readonly<Record<ComparisonOutcome, number>>
  readonly noise: {
    /** Pairs of answers of the primary that are remembered, and how many are wanted. */
    readonly samples: number
    readonly wanted: number
    readonly paths: readonly NoisyPath[]
  }
  /** The most frequent first. */
  readonly differences: readonly FoundDifference[]
  /** Differences that there was no room for in the list. */
  readonly omitted: number
}

/** What differed at one place, in how many pairs, and how it did the last time. */
export interface FoundDifference {
  /** `body /order/total`; places in lists and keys of maps are `*`. */
  readonly path: string
  readonly kind: DifferenceKind
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly example: {
    readonly method: string
    readonly path: string
    /** `body /items/3/price` */
    readonly place: string
    /** Absent: there was none, or values are not shown. */
    readonly primary?: string
    readonly mirror?: string
  }
}

/** Of several processes, each of which compares for itself. */
export const mergeComparisons = (
  processes: readonly (readonly ComparisonReading[])[],
): readonly ComparisonReading[] => {
  const groups = Map.groupBy(processes.flat(), ({ comparison, origin }) => `${comparison} ${origin}`)
  return Array.from(groups.values(), (group) => group.reduce(mergeTwo)).toSorted(
    (a, b) => compare(a.comparison, b.comparison) || compare(a.origin, b.origin),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const mergeTwo = (a: ComparisonReading, b: ComparisonReading): ComparisonReading => ({
  ...a,
  outcomes: {
    same: a.outcomes.same + b.outcomes.same,
    different: a.outcomes.different + b.outcomes.different,
    learning: a.outcomes.learning + b.outcomes.learning,
    unanswered: a.outcomes.unanswered + b.outcomes.unanswered,
    skipped: a.outcomes.skipped + b.outcomes.skipped,
  },
  noise: {
    // The one that knows least is the one that still learns.
    samples: Math.min(a.noise.samples, b.noise.samples),
    wanted: a.noise.wanted,
    paths: mergeBy([...a.noise.paths, ...b.noise.paths], (one, other) => (other.isSuspect ? other : one)),
  },
  differences: mergeBy([...a.differences, ...b.differences], mergeDifferences).toSorted((x, y) => y.count - x.count),
  omitted: a.omitted + b.omitted,
})

/** Those of one path and kind become one. */
const mergeBy = <T extends { readonly path: string; readonly kind: DifferenceKind }>(
  items: readonly T[],
  merge: (a: T, b: T) => T,
): readonly T[] =>
  Array.from(Map.groupBy(items, ({ path, kind }) => `${path} ${kind}`).values(), (group) =>
    group.reduce((a, b) => merge(a, b)),
  )

const mergeDifferences = (a: FoundDifference, b: FoundDifference): FoundDifference => ({
  ...(b.lastAtMs > a.lastAtMs ? b : a),
  count: a.count + b.count,
  firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
})
