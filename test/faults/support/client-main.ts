/** A client as a process of its own, so that it can be in another network namespace, or killed. It ends with its parent. */
import { startSteadyLoad, type SteadyAnswer, type SteadyLoad } from '../../e2e/support/resilience/steady-load.ts'
import type { FromClient, ToClient } from './client-plan.ts'

let load: SteadyLoad | undefined
const answers: SteadyAnswer[] = []

const obey = async (order: ToClient): Promise<FromClient> => {
  switch (order.kind) {
    case 'start':
      load = await startSteadyLoad({ ...order.plan, onAnswer: (answer) => void answers.push(answer) })
      return { kind: 'started' }
    case 'bytes':
      return { kind: 'bytes', bytes: load?.bytes() ?? 0 }
    case 'stop':
      if (load === undefined) throw new Error('nothing was started')
      return { kind: 'stopped', report: await load.stop(order.waitMs), answers }
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  // Only `startClient` writes to this channel, one order at a time.
  void obey(message as ToClient)
    .catch((error: unknown): FromClient => ({ kind: 'failed', message: String(error) }))
    .then((answer) => process.send?.(answer))
})
