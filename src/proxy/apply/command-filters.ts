import type { StagedFilter } from '../../filter/chain.ts'
import type { FilterCommand } from '../../filter/index.ts'
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

/** Tells the filters of a snapshot that take commands; those that are none of them say nothing. */
export const commandFilters = async (
  snapshot: Snapshot | undefined,
  { kind, origin, ...command }: FilterOrder,
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
      try {
        return { origin: at, result: await filter.onCommand?.(command) }
      } catch (error) {
        return { origin: at, failure: hideSecrets(thrownMessage(error)) }
      }
    }),
  )
}
