import { hideSecrets } from '../../../lib/secrets/hide-secrets.ts'
import type { MirrorComparison } from '../../../model/comparison/mirror-comparison.ts'
import type { Mirror } from '../../../model/route.ts'
import type { ComparisonOutcome, ComparisonReading } from '../comparison-reading.ts'
import { compareAnswers, compileRules, type AnswerRules, type ReadAnswer } from './compare-answers.ts'
import { Findings, type SeenAt } from './findings.ts'
import { Noise } from './noise.ts'

/** What is known of one mirror: what is noise there, and what differs. */
export class MirrorJudge {
  readonly settings: MirrorComparison
  readonly #mirror: Mirror
  readonly #rules: AnswerRules
  readonly #noise = new Noise()
  readonly #findings: Findings
  readonly #outcomes: Record<ComparisonOutcome, number> = { ...noOutcomes }

  constructor(settings: MirrorComparison, mirror: Mirror) {
    this.settings = settings
    this.#mirror = mirror
    this.#rules = compileRules(settings)
    this.#findings = new Findings(settings)
  }

  /** A pair that is not compared. */
  count(outcome: 'unanswered' | 'skipped'): void {
    this.#outcomes[outcome]++
  }

  /** Two answers of the primary to one request. Pauses at each `yield`, as `judge` does. */
  *learn(first: ReadAnswer, second: ReadAnswer): Generator<void> {
    this.#noise.learn(yield* compareAnswers(first, second, this.#rules))
  }

  /** An answer of the mirror beside that of the primary. */
  *judge(primary: ReadAnswer, mirror: ReadAnswer, seen: SeenAt): Generator<void> {
    const differences = this.#noise.judge(yield* compareAnswers(primary, mirror, this.#rules))
    const { noise } = this.settings
    const isLearning = noise.percent > 0 && noise.methods.includes(seen.method) && this.#noise.samples < noise.samples
    const found = differences.filter(({ isNoise }) => !isNoise)
    this.#outcomes[isLearning ? 'learning' : found.length === 0 ? 'same' : 'different']++
    if (!isLearning) for (const { path, difference } of found) this.#findings.add(path, difference, seen)
  }

  read(): ComparisonReading {
    const unused = unusedReading(this.settings, this.#mirror)
    return {
      ...unused,
      outcomes: { ...this.#outcomes },
      noise: {
        ...unused.noise,
        samples: this.#noise.samples,
        paths: this.#noise
          .paths()
          .slice(0, MAX_SHOWN)
          .map((noisy) => ({ ...noisy, path: hideSecrets(noisy.path) })),
      },
      differences: this.#findings.list((path, kind) => this.#noise.isNoise(path, kind)),
      omitted: this.#findings.omitted,
    }
  }
}

/** How a comparison stands that has seen nothing yet. */
export const unusedReading = ({ key, noise }: MirrorComparison, { service, origin }: Mirror): ComparisonReading => ({
  comparison: key,
  origin,
  mirror: `${service.namespace}/${service.name}:${service.port}`,
  outcomes: noOutcomes,
  noise: { samples: 0, wanted: noise.percent === 0 ? 0 : noise.samples, paths: [] },
  differences: [],
  omitted: 0,
})

const noOutcomes = { same: 0, different: 0, learning: 0, unanswered: 0, skipped: 0 } as const

/** Of the paths that are noise. */
const MAX_SHOWN = 200
