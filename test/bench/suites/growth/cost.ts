/**
 * The suite `cost`: what the CPU time of a request goes into. One Fairway is measured, and another one that writes a CPU
 * profile; the shares of the latter are taken of the figure of the former, since writing a profile costs time as well.
 */
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { foldProfile, NATIVE_REST } from '../../profile/fold-profile.ts'
import type { CpuProfile, PartShare } from '../../profile/fold-profile.ts'
import { figureCase } from '../../report.ts'
import type { FigureReport, SuiteReport } from '../../report.ts'
import { median, roundTo } from '../../statistics.ts'
import type { SuiteContext } from '../context.ts'
import type { Run } from '../laboratory.ts'
import { runStrainSuite, smallRequests, withFairway } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'

const WARMUP_MS = 3000
/** As in the suite `policy`. */
const objects = { routes: 10, policies: 2 }

const shapes = [
  { connections: 1, tunnels: 64 },
  { connections: 64, tunnels: 1 },
] as const

export const runCostSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite(
    'cost',
    shapes.map((shape) => {
      const name = `cost-${shape.connections}x${shape.tunnels}`
      return { name, measure: (strain: StrainContext) => measure(strain, name, shape) }
    }),
    { ...context, destinations: 1 },
  )

const measure = async (context: StrainContext, name: string, shape: (typeof shapes)[number]): Promise<FigureReport> => {
  const { seconds, pairs } = context.options
  const runWith = (inner: StrainContext, windows: number): Promise<Measured> =>
    withFairway(
      inner,
      async (proxy) => {
        const runs: Run[] = []
        for (let i = 0; i < windows; i++) {
          const window = { warmupMs: i === 0 ? WARMUP_MS : 500, windowMs: seconds * 1000 }
          const plan = smallRequests(inner, { ...proxy, ...shape }, window)
          runs.push(await inner.laboratory.measure(plan, proxy.pid))
        }
        return {
          micros: median(runs.map((run) => run.cpuMicrosPerRequest)),
          busy: median(runs.map((run) => run.proxyBusy)),
        }
      },
      objects,
    )
  const { micros } = await runWith(context, pairs)
  const profileDir = mkdtempSync(join(context.dir, 'profile-'))
  const profiled = await runWith({ ...context, options: { ...context.options, profileDir } }, 1)
  const parts = withRest(foldProfile(readProfiles(profileDir)), profiled.busy)
  return figureCase(name, context.version, {
    figures: [
      { name: 'CPU µs per request', value: roundTo(micros, 2) },
      ...parts.map(({ part, share }) => ({ name: part, value: roundTo(share * micros, 2) })),
    ],
    notes: [`with the profile it took ${roundTo(profiled.micros, 2)} µs`],
  })
}

interface Measured {
  readonly micros: number
  /** CPU time over the window's length. */
  readonly busy: number
}

/** Shares of the CPU time, of which what the profile does not show is native code that nobody in JavaScript called. */
export const withRest = (parts: readonly PartShare[], busy: number): readonly PartShare[] => {
  const shown = parts.reduce((sum, { share }) => sum + share, 0)
  // Where others had the CPU meanwhile the profile shows more than there was.
  const all = Math.max(busy, shown)
  const known = parts.find(({ part }) => part === NATIVE_REST)?.share ?? 0
  const rest = { part: NATIVE_REST, share: known + all - shown }
  return [...parts.filter(({ part }) => part !== NATIVE_REST), rest]
    .map(({ part, share }) => ({ part, share: share / all }))
    .toSorted((a, b) => b.share - a.share)
}

/** One for each thread. */
const readProfiles = (dir: string): readonly CpuProfile[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    // What V8 documents of its files.
    .map((name) => JSON.parse(readFileSync(join(dir, name), 'utf8')) as CpuProfile)
