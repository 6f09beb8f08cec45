/** The thread that tells collectors: opens ways as it is told to, and says what became of each report. */
import { parentPort } from 'node:worker_threads'
import { thrownMessage } from '../../../lib/errors/thrown-text.ts'
import { collectAll } from '../../../lib/memory/collector.ts'
import type { SendOutcome } from '../export-queue.ts'
import type { OtlpExporter } from '../exporter.ts'
import { openOutsideExporter } from './outside-exporter.ts'
import { otlpSignals } from '../otlp-signal.ts'
import type { Failure, FromThread, ToThread } from './messages.ts'

const ways = new Map<number, Promise<OtlpExporter>>()

const post = (message: FromThread): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message)
}

const onWarning = (message: string): void => post({ kind: 'warning', message })

const answer = async (id: number, doIt: () => Promise<Failure | undefined>): Promise<void> => {
  try {
    post({ kind: 'answer', id, failure: await doIt() })
  } catch (error) {
    post({ kind: 'answer', id, failure: { isPassing: false, message: thrownMessage(error) } })
  }
}

const failureOf = (outcome: SendOutcome): Failure | undefined =>
  outcome.kind === 'sent' ? undefined : { isPassing: outcome.isPassing, message: outcome.message }

parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'open': {
      const { signal, target } = message.to
      const way = openOutsideExporter({ signal: otlpSignals[signal], target, onWarning })
      ways.set(message.way, way)
      return void answer(message.id, async () => {
        await way
        collectAll()
        return undefined
      })
    }
    case 'send': {
      const { id, way, report } = message
      return void answer(id, async () => {
        const exporter = await ways.get(way)
        if (exporter === undefined) throw new Error('the way to the collector is not open')
        return failureOf(await exporter.send(report))
      })
    }
    case 'close': {
      const { way } = message
      void ways.get(way)?.then(
        ({ close }) => close(),
        () => {},
      )
      ways.delete(way)
    }
  }
})
