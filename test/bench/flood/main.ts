/**
 * A client that makes handshakes and nothing else, as a process of its own: it takes one order at a time over the IPC
 * channel and ends with its parent. It gives way to everybody else on its CPU, so that what is measured beside it is
 * not kept waiting by it.
 */
import { constants, setPriority } from 'node:os'
import { prepareHandshake } from './handshake.ts'
import { offer, saturate } from './loops.ts'
import type { FromFlood, ToFlood } from './plan.ts'

const tell = (message: FromFlood): void => {
  process.send?.(message)
}

const obey = async (order: ToFlood): Promise<void> => {
  try {
    const handshake = await prepareHandshake(order.handshake, order.target)
    tell({ kind: 'began' })
    const options = { durationMs: order.durationMs, onOver: () => tell({ kind: 'over' }) }
    const result =
      order.kind === 'saturate'
        ? await saturate(handshake, order.concurrency, options)
        : await offer(handshake, order.ratePerSecond, options)
    tell({ kind: 'ended', result })
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

setPriority(constants.priority.PRIORITY_LOW)
process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  // Only our parent writes to this channel, and only this type.
  void obey(message as ToFlood)
})
tell({ kind: 'up' })
