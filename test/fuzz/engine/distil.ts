import { seededRandom } from '../../support/random.ts'
import type { Coverage } from './coverage.ts'
import type { FuzzCase, FuzzTarget } from './target.ts'

/** Cases that a corpus file gets; later ones would each add a line or two of coverage. */
const MAX_CASES = 48

/** The few among many cases that run code which neither `known` ones nor shorter ones do. */
export function distil(
  target: FuzzTarget,
  known: readonly FuzzCase[],
  { found, coverage }: { readonly found: readonly FuzzCase[]; readonly coverage: Coverage },
): readonly FuzzCase[] {
  const kept: FuzzCase[] = []
  coverage.forget()
  for (const { input, seed } of known) target.check(input, seededRandom(seed))
  coverage.hasNew()
  for (const item of found.toSorted((a, b) => a.input.length - b.input.length)) {
    if (kept.length >= MAX_CASES) break
    target.check(item.input, seededRandom(item.seed))
    if (coverage.hasNew()) kept.push(item)
  }
  coverage.stop()
  return kept
}
