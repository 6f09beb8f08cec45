import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import type { Plane } from '../plane.ts'
import type { WorkerHandle } from './worker-process.ts'

type Order = Parameters<Plane['command']>[0]

/** Tells the filters of a worker. What it may not have done is told of: who purges a cache has to know. */
export const commandWorker = async (
  worker: Pick<WorkerHandle, 'call'>,
  order: Order,
  timeoutMs: number,
): ReturnType<Plane['command']> => {
  try {
    return await worker.call('command', order, timeoutMs)
  } catch (error) {
    const origin = order.origin ?? `kind ${order.kind}`
    return [[{ origin, failure: `its process has not answered: ${thrownMessage(error)}` }]]
  }
}
