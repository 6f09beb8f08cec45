import type { BenchOptions } from '../options.ts'
import type { Progress } from '../progress.ts'
import type { BenchCertificates } from '../support/certificates.ts'
import type { Children } from '../support/children.ts'

/** What a suite works with. */
export interface SuiteContext {
  readonly options: BenchOptions
  readonly children: Children
  readonly certificates: BenchCertificates
  /** A folder of the run's own. */
  readonly dir: string
  readonly version: string
  readonly progress: Progress
}
