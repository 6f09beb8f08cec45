import type { StagedFilter } from '../../filter/chain.ts'
import type { FilterCommand } from '../../filter/index.ts'
import type { Clock } from '../../lib/clock.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import { usedChains } from '../../snapshot/compile.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'

/** What an operator asks of filters: of all of a kind, or of the one of an origin. */
export interface FilterOrder extends FilterCommand {
  readonly kind: string
  /** As `FilterEnv.origin`. */
  readonly origin?: string
}

/** What one filter said. */
export type CommandResult = { readonly origin: string } & ({ readonly result: unknown } | { readonly failure: string })

/** One that has not answered by then is told of as such: the others' answers do not wait for it. */
const PATIENCE_MS = 4000

/** Tells the filters of a snapshot that take commands; those that are none of them say nothing. */
export const commandFilters = async (
  snapshot: Snapshot | undefined,
  { kind, origin, ...command }: FilterOrder,
  { after }: Pick<Clock, 'after'>,
): Promise<readonly CommandResult[]> => {
  const meant = new Map<StagedFilter['filter'], string>()
  for (const { staged } of snapshot === undefined ? [] : usedChains(snapshot)) {
    for (const { filter, spec } of staged) {
      if (spec?.kind !== kind || filter.onCommand === undefined) continue
      if (origin === undefined || spec.origin === origin) meant.set(filter, spec.origin)
    }
  }
  return Promise.all(
    Array.from(meant, async ([filter, at]) => {
      const late = Promise.withResolvers<never>()
      const cancel = after(PATIENCE_MS, () => late.reject(new Error(`no answer within ${PATIENCE_MS} ms`)))
      try {
        const answer = (async (): Promise<unknown> => filter.onCommand?.(command))()
        return { origin: at, result: asJson(await Promise.race([answer, late.promise])) }
      } catch (error) {
        return { origin: at, failure: hideSecrets(thrownMessage(error)) }
      } finally {
        cancel()
      }
    }),
  )
}

/** As it is shown; here, so that what cannot be shown of one hides nothing of the others. */
const asJson = (result: unknown): unknown => {
  try {
    const text = JSON.stringify(result) as string | undefined
    return text === undefined ? undefined : JSON.parse(text)
  } catch (error) {
    throw new Error(`it was done, and its answer cannot be shown as JSON: ${thrownMessage(error).split('\n', 1)[0]}`, {
      cause: error,
    })
  }
}
