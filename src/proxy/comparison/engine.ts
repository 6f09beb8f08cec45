/** What compares answers; loaded with the first MirrorComparison, and not by anybody else. */
import type { Clock } from '../../lib/clock.ts'
import type { Mirror } from '../../model/route.ts'
import type { SpareMemory } from '../forward/spare-memory.ts'
import { Comparing } from './comparing.ts'
import type { ComparedRequest } from './comparing.ts'
import type { ComparisonReading } from './comparison-reading.ts'
import type { AnswerOutcome } from './answer.ts'
import { openAnswer, type ReadAnswer } from './judge/compare-answers.ts'
import { MirrorJudge } from './judge/mirror-judge.ts'
import { SpareTime } from './judge/spare-time.ts'

/** Requests whose answers are waited for, or wait to be compared, in this process. */
const MAX_OPEN = 256

export interface EngineDeps {
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  /** For bodies of answers. */
  readonly memory: SpareMemory
  readonly onFault: (error: unknown) => void
}

/** Compares answers of primaries and mirrors, for all mirrors of a model that has it. */
export class ComparisonEngine {
  readonly #deps: EngineDeps
  readonly #spareTime: SpareTime
  readonly #judges = new WeakMap<Mirror, MirrorJudge>()
  /** What is known stays as long as nothing of the comparison changes. */
  #known = new Map<string, MirrorJudge>()
  #open = 0

  constructor(deps: EngineDeps) {
    this.#deps = deps
    this.#spareTime = new SpareTime(deps.clock, deps.onFault)
  }

  /** The mirrors of the next model. */
  use(mirrors: readonly Mirror[]): void {
    const known = new Map<string, MirrorJudge>()
    for (const mirror of mirrors) {
      const { comparison, origin, endpoints } = mirror
      if (comparison === undefined) continue
      const key = JSON.stringify([comparison, origin, endpoints])
      const judge = known.get(key) ?? this.#known.get(key) ?? new MirrorJudge(comparison, mirror)
      known.set(key, judge)
      this.#judges.set(mirror, judge)
    }
    this.#known = known
  }

  /** Begins to compare the answers to a request; `undefined`: those of this one are not. `mayRepeat`: the primary may get it twice. */
  begin(mirror: Mirror, request: ComparedRequest, mayRepeat: () => boolean): Comparing | undefined {
    const judge = this.#judges.get(mirror)
    if (judge === undefined) return undefined
    const { percent, headers, comparesBody, limitBytes, noise } = judge.settings
    if (!this.#draw(percent)) return undefined
    if (this.#open >= MAX_OPEN) {
      judge.count('skipped')
      return undefined
    }
    this.#open++
    const repeats = noise.methods.includes(request.method) && this.#draw(noise.percent) && mayRepeat()
    const wish = { headers, wantsBody: comparesBody, limitBytes }
    const { memory } = this.#deps
    return new Comparing(
      request,
      { wish, repeats, memory },
      { onSettled: (comparing) => this.#settle(comparing, judge) },
    )
  }

  read(): readonly ComparisonReading[] {
    return Array.from(this.#known.values(), (judge) => judge.read())
  }

  #draw(percent: number): boolean {
    return percent >= 100 || (percent > 0 && this.#deps.random() * 100 < percent)
  }

  #settle(comparing: Comparing, judge: MirrorJudge): void {
    const { primary, mirror, repeat } = comparing
    const isUseless = mirror.outcome?.kind !== 'answered' && repeat?.outcome?.kind !== 'answered'
    if (primary.outcome?.kind !== 'answered' || isUseless) {
      const isSilent = primary.outcome?.kind === 'answered' && mirror.outcome?.kind === 'unanswered'
      judge.count(isSilent ? 'unanswered' : 'skipped')
      return this.#end(comparing)
    }
    const isTaken = this.#spareTime.add(async () => {
      try {
        return await this.#prepare(comparing, judge)
      } catch (error) {
        this.#end(comparing)
        throw error
      }
    })
    if (isTaken) return
    judge.count('skipped')
    this.#end(comparing)
  }

  /** Reads what can be read off the loop; what it gives is done on it. */
  async #prepare(comparing: Comparing, judge: MirrorJudge): Promise<() => void> {
    const { limitBytes } = judge.settings
    const [primary, mirror, repeat] = await Promise.all(
      [comparing.primary, comparing.mirror, comparing.repeat].map((tap) => open(tap?.outcome, limitBytes)),
    )
    return () => {
      try {
        const first = primary?.()
        const second = first === undefined ? undefined : repeat?.()
        // What it shows about this request counts for this request already.
        if (first !== undefined && second !== undefined) judge.learn(first, second)
        const shadow = first === undefined ? undefined : mirror?.()
        if (first !== undefined && shadow !== undefined)
          judge.judge(first, shadow, { ...comparing.request, atMs: this.#deps.clock.nowMs() })
        else judge.count(comparing.mirror.outcome?.kind === 'unanswered' ? 'unanswered' : 'skipped')
      } finally {
        this.#end(comparing)
      }
    }
  }

  #end(comparing: Comparing): void {
    comparing.release()
    this.#open--
  }
}

const open = async (outcome: AnswerOutcome | undefined, limitBytes: number): Promise<(() => ReadAnswer) | undefined> =>
  outcome?.kind === 'answered' ? openAnswer(outcome.answer, limitBytes) : undefined
