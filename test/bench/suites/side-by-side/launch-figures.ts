/** What turns of several launches come to. Pure. */
import type { Figure } from '../../report.ts'
import { median, spreadOf } from '../../statistics.ts'

/** One turn of one Fairway, and what it did from its end to the beginning of the next one. */
export interface Turn {
  readonly requests: number
  readonly cpuMicros: number
  readonly lastedMs: number
  readonly afterCpuMicros: number
  readonly afterMs: number
}

/** Three Fairways that were started for one another, and their turns: the same index was in the same round. */
export interface Launch {
  readonly little: readonly Turn[]
  readonly much: readonly Turn[]
  /** A second one like `little`: how far what is measured can be trusted. */
  readonly twin: readonly Turn[]
}

/**
 * What tells which is dearer: for each launch the median over its rounds, of those the median over launches, and from the
 * least to the most of them as its spread.
 */
export const figuresOfLaunches = (
  launches: readonly Launch[],
  {
    little,
    much,
    maxRatio,
  }: { readonly little: string; readonly much: string; readonly maxRatio?: number | undefined },
): readonly Figure[] => [
  figureOf(
    `CPU µs per request, ${little}`,
    launches.map((launch) => costOf(launch.little)),
    2,
  ),
  figureOf(
    `CPU µs per request, ${much}`,
    launches.map((launch) => costOf(launch.much)),
    2,
  ),
  {
    ...figureOf(
      `${much} ÷ ${little}`,
      launches.map((launch) => ratioOfTurns(launch.much, launch.little)),
    ),
    ...(maxRatio === undefined ? {} : { atMost: maxRatio }),
  },
  figureOf(
    `${little} ÷ the same, launched beside it`,
    launches.map((launch) => ratioOfTurns(launch.twin, launch.little)),
  ),
]

const figureOf = (name: string, values: readonly number[], digits = 3): Figure => {
  const { median: value, min, max } = spreadOf(values, digits)
  return { name, value, ...(values.length === 1 ? {} : { spread: { min, max } }) }
}

/** Microseconds of a request in the middle one of the turns, and of what goes on beside. */
const costOf = (turns: readonly Turn[]): number => median(turns.map(busyMicros)) + idleMicros(turns)

/**
 * Of two in the same rounds. What slows the machine slows both turns of a round; the median is of rounds, since a turn in which
 * the machine was somebody else's is dearer by any factor.
 */
export const ratioOfTurns = (ours: readonly Turn[], theirs: readonly Turn[]): number => {
  const ratio = median(
    ours.map((turn, round) => {
      const other = theirs[round]
      return other === undefined ? Number.NaN : busyMicros(turn) / busyMicros(other)
    }),
  )
  const cost = median(theirs.map(busyMicros))
  return (ratio * cost + idleMicros(ours)) / (cost + idleMicros(theirs))
}

const busyMicros = ({ cpuMicros, requests }: Turn): number => cpuMicros / requests

/**
 * What comes once a second (reports to a collector, say) is in few turns, and the median does not see it. It is as often between
 * them: what was taken there, for the time that a request takes of a turn.
 */
const idleMicros = (turns: readonly Turn[]): number => {
  const sum = (of: (turn: Turn) => number): number => turns.reduce((total, turn) => total + of(turn), 0)
  const share = sum(({ afterCpuMicros }) => afterCpuMicros) / sum(({ afterMs }) => afterMs)
  return share * median(turns.map(({ lastedMs, requests }) => lastedMs / requests))
}
