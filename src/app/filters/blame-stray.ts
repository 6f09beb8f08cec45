import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CallError } from '../../filter/env/calls.ts'
import type { FilterGuards } from '../../filter/guard/guard.ts'
import { placesOf } from '../../filter/guard/stack-places.ts'
import type { Logger } from '../../lib/log.ts'
import { isThrown, thrownStack } from '../../lib/errors/thrown-text.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import type { OwnedFile } from '../watchdog/heap-owners.ts'

/** Our own sources. */
const OURS = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface StrayDeps {
  readonly guards: Pick<FilterGuards, 'healths'>
  readonly ownerOf: (path: string) => OwnedFile | undefined
  readonly log: Pick<Logger, 'error'>
}

/**
 * Whether an error that nobody caught is a filter's doing: one goes through its files, or comes from a timer or a promise
 * that it forgot. What goes through our sources and through nobody's else is a bug of ours.
 */
export const blameStray = (error: unknown, kind: 'throw' | 'reject', { guards, ownerOf, log }: StrayDeps): boolean => {
  const healths = [...guards.healths()].filter(({ user }) => user.isolation === 'none')
  if (healths.length === 0) return false
  const places = placesOf(error)
  const text = hideSecrets(thrownStack(error))
  const owner = places.map(({ file }) => ownerOf(file)?.owner).find((digest) => digest !== undefined)
  if (owner !== undefined) {
    const found = healths.filter(({ user }) => user.module === owner)
    for (const health of found) health.count({ kind, error, text })
    return found.length > 0
  }
  // We never reject with what is no error, and a call that fails is told to the filter that made it.
  const isOurs =
    isThrown(error, Error) && !(error instanceof CallError) && places.some(({ file }) => file.startsWith(OURS))
  if (!isOurs) log.error(`an error that no filter caught, and one of them must have caused: ${text}`)
  return !isOurs
}
