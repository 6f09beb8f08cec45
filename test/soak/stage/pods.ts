import type { BackendPlan, FromBackend, ToBackend } from '../../bench/backend/plan.ts'
import type { Child, Children } from '../../bench/support/children.ts'
import { nextMessage } from '../../bench/support/children.ts'

const GRACE_MS = 20_000

/** A process with pods in it. */
export interface Pods {
  readonly counts: () => Promise<{ readonly requests: number; readonly withoutHeader: number }>
  readonly stop: () => Promise<void>
}

/** Starts a process that listens as all of `plans` say. */
export const startPods = async (children: Children, plans: readonly BackendPlan[]): Promise<Pods> => {
  const child = children.fork(new URL('../../bench/backend/main.ts', import.meta.url))
  await nextMessage<FromBackend>(child, 'up', GRACE_MS)
  for (const plan of plans) {
    const listening = nextMessage<FromBackend>(child, 'listening', GRACE_MS)
    tell(child, { kind: 'listen', plan })
    await listening
  }
  return {
    counts: async () => {
      const counted = nextMessage<FromBackend>(child, 'counts', GRACE_MS)
      tell(child, { kind: 'count' })
      const message = await counted
      if (message.kind !== 'counts') throw new Error(`${message.kind} instead of counts`)
      return message.counts
    },
    stop: () => child.stop(),
  }
}

const tell = (child: Child, order: ToBackend): void => {
  child.process.send(order)
}
