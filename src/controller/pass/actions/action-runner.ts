import type { Clock } from '../../../lib/clock.ts'
import { keyOfManifest } from '../../manifest.ts'
import { appliedHash, type Action, type Applied } from '../../reconcile/reconcile.ts'
import type { Refusal } from '../../status/gateway-status.ts'
import { createAttempts } from '../attempts.ts'
import { createEchoes } from '../echoes.ts'
import { execute, type Execution } from './execute.ts'

/** Carries actions out, and none more often than makes sense. */
export interface ActionRunner {
  /** What was applied so far, by the key of the object. */
  readonly applied: ReadonlyMap<string, Applied>
  /** What is wrong with an action, if anything is: now, or when it was tried last. */
  readonly run: (action: Action, resourceOf: Execution['resourceOf']) => Promise<Refusal | undefined>
  /** In how many milliseconds something is to be tried again. */
  readonly nextMs: () => number | undefined
}

export type ActionRunnerOptions = Pick<Execution, 'client' | 'signal' | 'onWrite'> & {
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/**
 * Makes one. What does not work is tried again later, unless something else is wanted by then. What works and is undone
 * each time (by another controller of ours in the cluster, a webhook, a tool that takes away what it does not know) is
 * done again less and less often: rolling out in turns would leave no replica standing.
 */
export const createActionRunner = ({ clock, ...options }: ActionRunnerOptions): ActionRunner => {
  const applied = new Map<string, Applied>()
  const attempts = createAttempts<Refusal>(clock)
  const repairs = createEchoes(clock)
  return {
    applied,
    run: async (action, resourceOf) => {
      const [object, version] =
        action.kind === 'apply'
          ? [keyOfManifest(action.manifest), appliedHash(action.manifest)]
          : ['delete', action.object.uid]
      const key = `${object} ${version}`
      const held = attempts.held(key)
      if (held !== undefined || repairs.isAwaited(object, version)) return held
      const refusal = await execute(action, { ...options, applied, resourceOf })
      if (refusal !== undefined) attempts.fail(key, refusal)
      else {
        attempts.succeed(key)
        if (action.kind === 'apply') repairs.await(object, version, true)
      }
      return refusal
    },
    nextMs: () => {
      const waits = [attempts.nextMs(), repairs.nextMs()].filter((wait) => wait !== undefined)
      return waits.length === 0 ? undefined : Math.min(...waits)
    },
  }
}
