/** What compares answers; loaded with the first MirrorComparison, and not by anybody else. */
import type { Clock } from '../../lib/clock.ts'
import type { Mirror } from '../../model/route.ts'
import type { SpareMemory } from '../forward/spare-memory.ts'
import { Comparing } from './comparing.ts'
import type { ComparedRequest } from './comparing.ts'
import type { ComparisonReading } from './comparison-reading.ts'
import type { AnswerOutcome } from './answer.ts'
import { openAnswer, type ReadAnswer } from './judge/compare-answers.ts'
import { MirrorJudge, unusedReading } from './judge/mirror-judge.ts'
import { SpareTime } from './judge/spare-time.ts'

/** Requests whose answers are waited for, or wait to be compared, in this process. */
const MAX_OPEN = 256
/** Of one mirror: one that hangs must not keep others from being compared. */
const MAX_OPEN_EACH = 64
/** For all answers to a request; a mirror's has no longer than that anyway. */
const MAX_MS = 30_000

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
  readonly #places = new WeakMap<Mirror, MirrorPlace>()
  /** What is known stays as long as nothing of the comparison changes. */
  #known: ReadonlyMap<string, MirrorPlace> = new Map()
  #open = 0

  constructor(deps: EngineDeps) {
    this.#deps = deps
    this.#spareTime = new SpareTime(deps.clock, deps.onFault)
  }

  /** The mirrors of the next model. */
  use(mirrors: readonly Mirror[]): void {
    const known = new Map<string, MirrorPlace>()
    for (const mirror of mirrors) {
      const { comparison, origin, endpoints } = mirror
      const key = this.#places.get(mirror)?.key ?? JSON.stringify([comparison, origin, endpoints])
      const place = known.get(key) ?? this.#known.get(key) ?? new MirrorPlace(key, mirror)
      known.set(key, place)
      this.#places.set(mirror, place)
    }
    this.#known = known
  }

  /** Begins to compare the answers to a request; `undefined`: those of this one are not. `mayRepeat`: the primary may get it twice. */
  begin(mirror: Mirror, request: ComparedRequest, mayRepeat: () => boolean): Comparing | undefined {
    const place = this.#places.get(mirror)
    const judge = place?.judge
    if (place === undefined || judge === undefined) return undefined
    const { percent, headers, comparesBody, limitBytes, noise } = judge.settings
    if (!this.#draw(percent)) return undefined
    if (this.#open >= MAX_OPEN || place.open >= MAX_OPEN_EACH) {
      judge.count('skipped')
      return undefined
    }
    this.#open++
    place.open++
    const repeats = noise.methods.includes(request.method) && this.#draw(noise.percent) && mayRepeat()
    const wish = { headers, wantsBody: comparesBody, limitBytes }
    const { memory, clock } = this.#deps
    const onSettled = (settled: Comparing): void => {
      stopWaiting()
      this.#settle(settled, place, judge)
    }
    const comparing = new Comparing(request, { wish, repeats, memory }, { onSettled })
    const stopWaiting = clock.after(MAX_MS, () => comparing.expire())
    return comparing
  }

  /** How each of them stands. */
  read(): readonly ComparisonReading[] {
    return Array.from(this.#known.values()).flatMap((place) => place.read())
  }

  #draw(percent: number): boolean {
    return percent >= 100 || (percent > 0 && this.#deps.random() * 100 < percent)
  }

  #settle(comparing: Comparing, place: MirrorPlace, judge: MirrorJudge): void {
    const { primary, mirror, repeat } = comparing
    const end = (): void => {
      comparing.release()
      this.#open--
      place.open--
    }
    if (comparing.isVoid) {
      judge.count('skipped')
      return end()
    }
    const isUseless = mirror.outcome?.kind !== 'answered' && repeat?.outcome?.kind !== 'answered'
    if (primary.outcome?.kind !== 'answered' || isUseless) {
      const isSilent = primary.outcome?.kind === 'answered' && mirror.outcome?.kind === 'unanswered'
      judge.count(isSilent ? 'unanswered' : 'skipped')
      return end()
    }
    const isTaken = this.#spareTime.add({ prepare: () => this.#prepare(comparing, judge), end })
    if (isTaken) return
    judge.count('skipped')
    end()
  }

  /** Reads what can be read off the loop; what it gives is done on it, in steps. */
  async #prepare(comparing: Comparing, judge: MirrorJudge): Promise<Generator<void>> {
    const { limitBytes } = judge.settings
    const [primary, mirror, repeat] = await Promise.all(
      [comparing.primary, comparing.mirror, comparing.repeat].map((tap) => open(tap?.outcome, limitBytes)),
    )
    return this.#compare(comparing, judge, { primary, mirror, repeat })
  }

  *#compare(comparing: Comparing, judge: MirrorJudge, { primary, mirror, repeat }: Opened): Generator<void> {
    const first = primary?.()
    yield
    const second = first === undefined ? undefined : repeat?.()
    yield
    // What it shows about this request counts for this request already.
    if (first !== undefined && second !== undefined) yield* judge.learn(first, second)
    const shadow = first === undefined ? undefined : mirror?.()
    yield
    if (first !== undefined && shadow !== undefined)
      yield* judge.judge(first, shadow, { ...comparing.request, atMs: this.#deps.clock.nowMs() })
    else judge.count(comparing.mirror.outcome?.kind === 'unanswered' ? 'unanswered' : 'skipped')
  }
}

/** Answers of one request that can be read. */
type Opened = Readonly<Record<'primary' | 'mirror' | 'repeat', (() => ReadAnswer) | undefined>>

/** A mirror that is compared; what it takes to judge it is made with the first request. */
class MirrorPlace {
  readonly key: string
  readonly #mirror: Mirror
  #judge: MirrorJudge | undefined
  /** Requests whose answers are waited for, or wait to be compared. */
  open = 0

  constructor(key: string, mirror: Mirror) {
    this.key = key
    this.#mirror = mirror
  }

  get judge(): MirrorJudge | undefined {
    const { comparison } = this.#mirror
    if (comparison !== undefined) this.#judge ??= new MirrorJudge(comparison, this.#mirror)
    return this.#judge
  }

  read(): readonly ComparisonReading[] {
    const { comparison } = this.#mirror
    if (this.#judge !== undefined) return [this.#judge.read()]
    return comparison === undefined ? [] : [unusedReading(comparison, this.#mirror)]
  }
}

const open = async (outcome: AnswerOutcome | undefined, limitBytes: number): Promise<(() => ReadAnswer) | undefined> =>
  outcome?.kind === 'answered' ? openAnswer(outcome.answer, limitBytes) : undefined
