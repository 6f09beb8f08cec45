import { nextMessage } from '../support/children.ts'
import type { Child, Children } from '../support/children.ts'
import { meterCpu, processTree } from '../support/process-stats.ts'
import type { FloodResult, FromFlood, ToFlood } from './plan.ts'

const GRACE_MS = 20_000

/** A process that makes handshakes. */
export interface Flood {
  /** Carries out the order. */
  readonly run: (order: ToFlood) => Promise<FloodResult>
  /** The same, with the share of a CPU that `pid` and its descendants used meanwhile. */
  readonly runAgainst: (order: ToFlood, pid: number) => Promise<{ readonly result: FloodResult; readonly busy: number }>
  readonly stop: () => Promise<void>
}

/** Starts one; it lives until it is stopped, or `children` are. */
export const createFlood = async (children: Children): Promise<Flood> => {
  const child = children.fork(new URL('./main.ts', import.meta.url))
  await nextMessage<FromFlood>(child, 'up', GRACE_MS)
  return {
    run: async (order) => {
      const ended = nextMessage<FromFlood>(child, 'ended', order.durationMs + GRACE_MS)
      tell(child, order)
      return resultOf(await ended)
    },
    runAgainst: async (order, pid) => {
      const pids = processTree(pid)
      const began = nextMessage<FromFlood>(child, 'began', GRACE_MS)
      const over = nextMessage<FromFlood>(child, 'over', order.durationMs + GRACE_MS)
      const ended = nextMessage<FromFlood>(child, 'ended', order.durationMs + GRACE_MS)
      // Awaited below; until then a failure is reported by whichever message is due.
      for (const later of [over, ended]) later.catch(() => {})
      tell(child, order)
      await began
      const cpu = meterCpu(pids)
      const startedMs = performance.now()
      await over
      const busy = cpu() / 1000 / (performance.now() - startedMs)
      const result = resultOf(await ended)
      return { result, busy }
    },
    stop: () => child.stop(),
  }
}

const tell = (child: Child, order: ToFlood): void => {
  child.process.send(order)
}

const resultOf = (message: FromFlood): FloodResult => {
  if (message.kind !== 'ended') throw new Error(`${message.kind} instead of ended`)
  return message.result
}
