import type { Clock } from '../../../lib/clock.ts'
import { isEqual } from '../../../lib/is-equal.ts'
import { backoffMs } from '../../../lib/waiting/backoff.ts'
import type { KubeClient } from '../../../kube/client.ts'
import type { KubeFailure } from '../../../kube/failure.ts'
import type { KubeResource } from '../../../kube/resources.ts'
import { findServedKinds } from './served-kinds.ts'

export interface DiscoveryOptions {
  readonly client: Pick<KubeClient, 'served'>
  readonly kinds: readonly string[]
  /** Gets the kinds that there are, whenever they are others. */
  readonly onKinds: (kinds: ReadonlyMap<string, KubeResource>) => void
  /** Called when the server could, or could not, be asked. */
  readonly onAnswer: () => void
  readonly clock: Clock
  readonly random: () => number
  /** How often to look. */
  readonly everyMs: number
}

export interface Discovery {
  readonly failure: () => KubeFailure | undefined
  /** Looks before it is time: somebody missed a kind. */
  readonly hurry: () => void
  readonly close: () => void
}

/** A second look, and the first after somebody missed a kind. */
const soonMs = 2000

/**
 * Finds out which kinds a server has, and looks again for ever: definitions come and go. A kind that is gone is gone when
 * it was missed twice, for a server that starts may not know all of its own yet.
 */
export const startDiscovery = (options: DiscoveryOptions): Discovery => {
  const { client, kinds, onKinds, onAnswer, clock, random, everyMs } = options
  const closing = new AbortController()
  let known: ReadonlyMap<string, KubeResource> | undefined
  let missed: ReadonlySet<string> = new Set()
  let failure: KubeFailure | undefined
  let failures = 0
  let cancel = (): void => {}
  let dueMs = Number.POSITIVE_INFINITY
  const plan = (waitMs: number): void => {
    cancel()
    dueMs = clock.monotonicMs() + waitMs
    cancel = clock.after(Math.round(waitMs), () => void look())
  }
  const take = (found: ReadonlyMap<string, KubeResource>): void => {
    const gone = [...(known ?? [])].filter(([kind]) => !found.has(kind))
    const kept = gone.filter(([kind]) => !missed.has(kind))
    missed = new Set(gone.map(([kind]) => kind))
    const next = new Map([...found, ...kept])
    if (known !== undefined && isEqual([...next].toSorted(byKind), [...known].toSorted(byKind))) return
    known = next
    onKinds(next)
  }
  const look = async (): Promise<void> => {
    dueMs = Number.POSITIVE_INFINITY
    const found = await findServedKinds(client, kinds, closing.signal)
    if (closing.signal.aborted) return
    failures = found.ok ? 0 : failures + 1
    failure = found.ok ? undefined : found.failure
    if (found.ok) take(found.value)
    onAnswer()
    if (!found.ok) plan(backoffMs(failures, random, { firstMs: 500, lastMs: 15_000 }))
    else plan(missed.size > 0 ? soonMs : everyMs * (1 - random() / 2))
  }
  void look()
  return {
    failure: () => failure,
    hurry: () => {
      if (dueMs !== Number.POSITIVE_INFINITY && dueMs - clock.monotonicMs() > soonMs) plan(soonMs)
    },
    close: () => {
      closing.abort()
      cancel()
    },
  }
}

const byKind = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
