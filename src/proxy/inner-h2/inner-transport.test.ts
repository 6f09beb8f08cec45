import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { clientPreface, createBlockWriter, dataFrame } from '../../../test/support/http/h2-frames.ts'
import { headersFrame, resetFrame, settingsFrame, windowFrame } from '../../../test/support/http/h2-frames.ts'
import { MemoryChannel } from '../../../test/support/mesh/memory-channel.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../../test/support/mesh/pod.ts'
import { turn } from '../../../test/support/turns.ts'
import { FLAG_END_HEADERS, FLAG_END_STREAM, SETTINGS_INITIAL_WINDOW_SIZE } from '../../http/h2/constants.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import type { StreamHandler } from '../../http/h2/stream.ts'
import { ignoreChannel } from '../channel.ts'
import { Flusher } from '../flusher.ts'
import type { TunnelChannel } from '../hbone/tunnel.ts'
import { TurnBudget } from '../limits/turn-budget.ts'
import { InnerTransport } from './inner-transport.ts'

/** A server on a channel of its own, which has got the beginning of a request. */
const serve = (turns: TurnBudget, onClosed = (): void => {}, onData: StreamHandler['onData'] = () => {}) => {
  const channel = new MemoryChannel()
  const transport: InnerTransport = new InnerTransport(
    channel,
    {
      onStream: () => ({ ...ignoreStream, onData }),
      onGoaway: () => {},
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: onClosed,
      onFailure: (_code, message) => assert.fail(message),
    },
    { role: 'server', flusher: new Flusher(), turns, onFault: (error) => assert.fail(String(error)) },
  )
  transport.start()
  const block = createBlockWriter()(':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'api')
  let received = 0
  const receive = (...frames: readonly Buffer[]): void => {
    const bytes = Buffer.concat(frames)
    received += bytes.length
    transport.read(bytes, 0, bytes.length)
  }
  receive(clientPreface, settingsFrame(), headersFrame(FLAG_END_HEADERS, 1, block))
  return { channel, transport, receive, unsettled: () => received - channel.consumed - channel.discarded }
}

test('what fails while it is written is told, and harms nobody else', async () => {
  const faults: unknown[] = []
  const handler = {
    onStream: () => ignoreStream,
    ...{ onGoaway: () => {}, onSettings: () => {}, onPong: () => {}, onStreamClosed: () => {}, onFailure: () => {} },
  }
  const transport = new InnerTransport(new MemoryChannel(), handler, {
    ...{ role: 'server', flusher: new Flusher(), turns: new TurnBudget() },
    onFault: (error) => faults.push(error),
  })
  transport.h2.take = () => {
    throw new Error('planned')
  }
  transport.start()
  await turn()
  assert.match(String(faults), /planned/)
})

test('what came together with the end of the last stream is not held for ever', async () => {
  const { channel, transport, receive, unsettled } = serve(new TurnBudget(), () => transport.close())
  transport.h2.shutdown()
  await turn()
  assert.equal(unsettled(), 0)
  receive(resetFrame(1), dataFrame(0, 1))
  assert.equal(channel.ending, 'end')
  assert.equal(unsettled(), 0)
})

test('whoever brings more than a turn has room for waits like others, not in many places', async () => {
  const turns = new TurnBudget()
  let frames = 0
  const greedy = serve(turns, undefined, () => void frames++)
  let isServed = false
  const modest = serve(turns, undefined, () => void (isServed = true))
  const small = dataFrame(0, 1, Buffer.alloc(1))
  greedy.receive(...Array.from({ length: 50_000 }, () => small))
  modest.receive(small)
  assert.equal(isServed, false)
  await turn()
  await turn()
  await turn()
  assert.ok(isServed, 'one of two has had all turns')
  assert.ok(frames < 12_000, `${frames} frames of the other were worked on before`)
})

test('a client that ends its tunnel and does not read what is left for it is not waited for', async () => {
  const clock = createFakeClock()
  // Heads are not held back where bodies are: all of them stand in the tunnel's queue at last.
  const answer = `HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-large: ${'x'.repeat(8000)}\r\n\r\n`
  const pods = [{ onRequest: (tunnel: PodTunnel) => void tunnel.write(answer) }]
  const mesh = await Mesh.start({ protocol: 'http2', clock, pods })
  const channel = await new Promise<TunnelChannel>((resolve, reject) => {
    void mesh.dial().then((client) => client.open(VIP, (result) => (result.ok ? resolve(result.channel) : reject())))
  })
  let end = ''
  channel.handler = { ...ignoreChannel, onEnd: () => (end = 'end'), onClosed: () => (end = 'reset') }
  const block = createBlockWriter()
  const head = () => block(':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api')
  const ids = Array.from({ length: 60 }, (_, i) => 2 * i + 1)
  const requests = ids.map((id) => headersFrame(FLAG_END_HEADERS | FLAG_END_STREAM, id, head()))
  const window = settingsFrame([SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20])
  const bytes = Buffer.concat([clientPreface, window, windowFrame(0, 1 << 24), ...requests])
  channel.send(bytes, 0, bytes.length)
  await until(() => mesh.records.length === ids.length)
  channel.end()
  await until(() => mesh.counters.activeExchanges === 0)
  await advanceInSteps(clock, 10_000)
  await until(() => end === 'reset', 'the end of the tunnel')
  await mesh.close()
})
