import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { turn } from '../../../../test/support/turns.ts'
import { CallError } from '../../../filter/env/calls.ts'
import type { Exchange, ForwardedAnswer, ForwardOptions } from '../../../filter/index.ts'
import { createExchange } from '../../../filter/testing.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { linkForward, READ_AHEAD } from './link-forward.ts'
import type { FromThread, ToThread } from './messages.ts'
import { createThreadForward } from './thread-forward.ts'

/** Both ends, with messages that are cloned and come later, and an answer of pieces that are made when they are asked for. */
const setUp = ({ pieces = 0, fail }: { readonly pieces?: number; readonly fail?: Error } = {}) => {
  const clock = createFakeClock()
  const seen = { made: 0, isLeft: false, said: [] as string[], options: undefined as ForwardOptions | undefined }
  const body: ForwardedAnswer['body'] = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (seen.made === pieces && fail !== undefined) return Promise.reject(fail)
        if (seen.made === pieces) return Promise.resolve({ done: true, value: undefined })
        return Promise.resolve({ done: false, value: Buffer.from(String(++seen.made)) })
      },
      return: () => {
        seen.isLeft = true
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  const gate = Promise.withResolvers<void>()
  const answer = {
    status: 200,
    headers: new HeaderList(),
    length: undefined,
    body,
    details: 'via_upstream',
    flags: '-',
  }
  const exchange = createExchange()
  const link = linkForward(
    {
      after: clock.after,
      exchangeOf: (number) => (number === 7 ? exchange : undefined),
      forward: async (_exchange, options) => {
        seen.options = options
        await gate.promise
        return answer
      },
    },
    (message: ToThread) => void setImmediate(() => receive(structuredClone(message))),
  )
  const thread = createThreadForward(
    ({ request }: Exchange) => (request.path === '/none' ? undefined : request.path === '/gone' ? 8 : 7),
    (message: FromThread) => {
      seen.said.push(message.kind)
      setImmediate(() => link.receive(structuredClone(message) as never))
    },
  )
  const receive = (message: ToThread): void => thread.receive(message as never)
  return { ...thread, link, clock, seen, exchange, open: gate.resolve }
}

const some = async (n = 12): Promise<void> => {
  for (let i = 0; i < n; i++) await turn()
}

const read = async ({ body }: ForwardedAnswer): Promise<string> => {
  let text = ''
  for await (const piece of body) text += String(Buffer.from(piece))
  return text
}

describe('a request that a filter in a thread sends on', () => {
  it('has its answer piece by piece, each when there is room for it', async () => {
    const { forward, seen, exchange, open } = setUp({ pieces: 9 })
    open()
    const answer = await forward(exchange)
    await some()
    assert.equal(seen.made, READ_AHEAD)
    const pieces = answer.body[Symbol.asyncIterator]()
    await pieces.next()
    await some()
    assert.equal(seen.made, READ_AHEAD + 1)
    assert.equal(await read({ ...answer, body: { [Symbol.asyncIterator]: () => pieces } }), '23456789')
  })

  it('that has a short answer costs no questions', async () => {
    const { forward, seen, exchange, open, clock } = setUp({ pieces: 1 })
    open()
    const answer = await forward(exchange)
    await some()
    assert.equal(await read(answer), '1')
    clock.advance(60_000)
    assert.deepEqual(seen.said, ['forward'])
    assert.equal(seen.isLeft, false)
  })

  it('is left by whom it belongs to, and when nobody reads on', async () => {
    for (const how of ['break', 'close', 'time'] as const) {
      const { forward, link, seen, exchange, open, clock } = setUp({ pieces: 9 })
      open()
      const answer = await forward(exchange, { timeoutMs: 500 })
      await some()
      if (how === 'break') for await (const _ of answer.body) break
      if (how === 'close') link.close()
      if (how === 'time') clock.advance(500)
      await some()
      assert.ok(seen.isLeft, how)
      assert.ok(seen.made <= READ_AHEAD + 1)
      if (how === 'time') await assert.rejects(read(answer), { code: 'ETIMEDOUT' })
    }
  })

  it('whose answer comes when the thread is gone is left', async () => {
    const { forward, link, seen, exchange, open } = setUp({ pieces: 9 })
    void forward(exchange).catch(() => {})
    await some()
    link.close()
    open()
    await some()
    assert.deepEqual([seen.isLeft, seen.made], [true, 0])
  })

  it('breaks off as its answer does', async () => {
    const { forward, exchange, open } = setUp({ pieces: 1, fail: new CallError('ECONNRESET', 'the answer broke off') })
    open()
    await assert.rejects(read(await forward(exchange)), { code: 'ECONNRESET', message: 'the answer broke off' })
  })

  it('is refused where there is no exchange', async () => {
    const { forward } = setUp()
    await assert.rejects(forward(createExchange({ path: '/none' })), { code: 'EINVAL' })
    await assert.rejects(forward(createExchange({ path: '/gone' })), { code: 'ECLOSED' })
  })

  it('is asked for with what was asked for', async () => {
    const { forward, seen, exchange, open } = setUp()
    open()
    await forward(exchange, { timeoutMs: 70 })
    assert.equal(seen.options?.timeoutMs, 70)
  })
})
