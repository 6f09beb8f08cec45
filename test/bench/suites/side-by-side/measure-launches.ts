import type { LoadPlan } from '../../load/plan.ts'
import type { RunningProxy } from '../../proxies/proxy.ts'
import { figureCase } from '../../report.ts'
import type { FigureReport } from '../../report.ts'
import { meterCpu, processTree } from '../../support/process-stats.ts'
import { smallRequests } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'
import { figuresOfLaunches, type Launch, type Turn } from './launch-figures.ts'
import type { SideBySide } from './measure-both.ts'

/** Short ones: a machine's speed may change by half from one second to the next, and what is compared lies side by side. */
const TURN_MS = 50
/** Until V8 has compiled what is worth it: with requests that are rare later, where there are such, and with those that are measured. */
const WARMUP_MS = 3000

/** Runs `use` with a Fairway that nobody has used before. */
export type WithProxy = <T>(use: (proxy: RunningProxy) => Promise<T>) => Promise<T>

/**
 * Measures both anew in several launches, and a second one of `little` with them. How V8 compiles and where things come to lie in
 * memory is settled when a process is young, and makes more of a difference than what is compared may make: one launch tells
 * nothing of a few percent. The lanes to all three are open; those of one are busy, again and again in turn.
 */
export const measureLaunches = async (
  context: StrainContext,
  sides: SideBySide & { readonly launches: number },
  start: { readonly little: WithProxy; readonly much: WithProxy },
): Promise<FigureReport> => {
  const { name, little, much, maxRatio } = sides
  const { isQuick, seconds } = context.options
  const count = isQuick ? 1 : sides.launches
  const rounds = Math.max(1, Math.round((seconds * 1000) / TURN_MS))
  const launches: Launch[] = []
  for (let i = 0; i < count; i++) {
    context.progress.show(`${name} launch ${i + 1}/${count}`)
    const take = (proxies: readonly RunningProxy[]): Promise<readonly (readonly Turn[])[]> =>
      takeTurns(context, proxies, { ...sides, rounds })
    // Who is started first, and stands where in a round, is not always the same one.
    const isFirst = i % 2 === 0
    const [a = [], b = [], c = []] = await start[isFirst ? 'little' : 'much']((first) =>
      start[isFirst ? 'much' : 'little']((second) => start.little((third) => take([first, second, third]))),
    )
    launches.push({ little: isFirst ? a : b, much: isFirst ? b : a, twin: c })
  }
  const spread = count === 1 ? '' : '; in parentheses the least and the most of a launch'
  return figureCase(name, context.version, {
    figures: figuresOfLaunches(launches, { little, much, maxRatio }),
    notes: [
      `${count} ${count === 1 ? 'launch' : 'launches'} of each, ${rounds} turns of ${TURN_MS} ms in each${spread}`,
    ],
  })
}

interface TurnsOfLaunch extends Pick<SideBySide, 'connections' | 'tunnels' | 'rareFields'> {
  readonly rounds: number
}

/** The turns of each. */
const takeTurns = async (
  context: StrainContext,
  proxies: readonly RunningProxy[],
  { connections = 1, tunnels, rounds, rareFields }: TurnsOfLaunch,
): Promise<readonly (readonly Turn[])[]> => {
  const plansWith = (fields?: string): readonly LoadPlan[] =>
    proxies.map(({ host, port }) =>
      smallRequests(context, { host, port, connections, tunnels }, { warmupMs: 0, windowMs: 0, fields }),
    )
  const rare = rareFields === undefined ? [] : plansWith(rareFields)
  const lanes = await context.laboratory.openTurns([...plansWith(), ...rare])
  try {
    for (const index of rare.keys()) await lanes.take(proxies.length + index, WARMUP_MS)
    for (const index of proxies.keys()) await lanes.take(index, WARMUP_MS)
    const subjects = proxies.map(({ pid }, index) => createSubject(pid, (ms) => lanes.take(index, ms)))
    for (let round = 0; round < rounds; round++) {
      // Always in the same order: who has two turns on end is cheaper by a few percent, as the caches are as it left them.
      for (const subject of subjects) await subject.takeTurn()
    }
    return subjects.map((subject) => subject.end())
  } finally {
    await lanes.release()
  }
}

/** One of the Fairways while it has its turns. */
interface Subject {
  readonly takeTurn: () => Promise<void>
  /** All turns that it had. */
  readonly end: () => readonly Turn[]
}

const createSubject = (pid: number, takeFor: (ms: number) => Promise<number>): Subject => {
  const cpu = meterCpu(processTree(pid))
  const turns: Turn[] = []
  let last: Omit<Turn, 'afterCpuMicros' | 'afterMs'> | undefined
  let cpuAt = 0
  let endedAt = 0
  const close = (): number => {
    const now = cpu()
    if (last !== undefined) turns.push({ ...last, afterCpuMicros: now - cpuAt, afterMs: performance.now() - endedAt })
    last = undefined
    return now
  }
  return {
    takeTurn: async () => {
      const before = close()
      const startedAt = performance.now()
      const requests = await takeFor(TURN_MS)
      endedAt = performance.now()
      cpuAt = cpu()
      last = { requests, cpuMicros: cpuAt - before, lastedMs: endedAt - startedAt }
    },
    end: () => {
      close()
      return turns
    },
  }
}
