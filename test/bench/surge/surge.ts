import { nextMessage } from '../support/children.ts'
import type { Child, Children } from '../support/children.ts'
import type { FromSurge, StepResult, SurgePlan, SurgeStep, ToSurge } from './plan.ts'

const GRACE_MS = 20_000
const OPEN_MS = 120_000

/** A process that is many clients at once. */
export interface Surge {
  /** Opens all tunnels of all parties; they stay open. */
  readonly open: (plan: SurgePlan) => Promise<void>
  /** One step after the other; `onStep` is told when each begins. */
  readonly run: (
    steps: readonly SurgeStep[],
    groups: readonly number[],
    onStep?: (index: number) => void,
  ) => Promise<readonly StepResult[]>
  readonly stop: () => Promise<void>
}

/** Starts one, with these flags for Node; it lives until it is stopped, or `children` are. */
export const createSurge = async (children: Children, nodeFlags: readonly string[] = []): Promise<Surge> => {
  const child = children.fork(new URL('./main.ts', import.meta.url), nodeFlags)
  await nextMessage<FromSurge>(child, 'up', GRACE_MS)
  return {
    open: async (plan) => {
      const opened = nextMessage<FromSurge>(child, 'open', OPEN_MS)
      tell(child, { kind: 'open', plan })
      await opened
    },
    run: (steps, groups, onStep = () => {}) => run(child, { kind: 'run', steps, groups }, onStep),
    stop: () => child.stop(),
  }
}

const run = async (
  child: Child,
  order: Extract<ToSurge, { kind: 'run' }>,
  onStep: (index: number) => void,
): Promise<readonly StepResult[]> => {
  const durationMs = order.steps.reduce((sum, step) => sum + step.durationMs, 0)
  const done = nextMessage<FromSurge>(child, 'done', durationMs + GRACE_MS)
  const onMessage = (value: unknown): void => {
    // The channel carries only the child's declared messages.
    const message = value as FromSurge
    if (message.kind === 'step') onStep(message.index)
  }
  child.process.on('message', onMessage)
  try {
    tell(child, order)
    const message = await done
    if (message.kind !== 'done') throw new Error(`${message.kind} instead of done`)
    return message.results
  } finally {
    child.process.off('message', onMessage)
  }
}

const tell = (child: Child, order: ToSurge): void => {
  child.process.send(order)
}
