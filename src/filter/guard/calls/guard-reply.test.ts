import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGuardBed } from '../../../../test/support/filters/guard-bed.ts'
import type { Reply } from '../../index.ts'
import { createReply } from '../../reply.ts'
import { createExchange } from '../../testing.ts'

const collect = async (reply: Reply): Promise<string> => {
  let text = ''
  for await (const piece of reply.body as AsyncIterable<string>) text += piece
  return text
}

describe('a reply of a user that comes piece by piece', () => {
  const cases: readonly (readonly [name: string, body: () => AsyncIterable<string>, expected: string])[] = [
    [
      'does well',
      async function* () {
        yield* ['a', 'b']
      },
      'ab',
    ],
    [
      'throws',
      async function* () {
        yield 'a'
        throw new Error('no')
      },
      'reject',
    ],
    [
      'has what is no piece',
      async function* () {
        yield 7 as never
      },
      'invalid',
    ],
    [
      'is no stream after all',
      () => ({
        [Symbol.asyncIterator]: () => {
          throw new Error('no')
        },
      }),
      'throw',
    ],
    ['gives no results', () => ({ [Symbol.asyncIterator]: () => ({ next: () => 7 as never }) }), 'invalid'],
  ]
  for (const failureMode of ['open', 'closed'] as const) {
    for (const isLate of [false, true]) {
      for (const [name, body, expected] of cases) {
        it(`${name}: ${failureMode}${isLate ? ', from a promise' : ''}`, async () => {
          const bed = createGuardBed()
          const make = (): Reply => createReply(200, { body: body() })
          const onRequest = isLate ? async () => make() : make
          const reply = await bed.guard({ onRequest }, { failureMode }).onRequest?.(createExchange())
          const end = collect(reply as Reply).catch((error: unknown) => String(error))
          assert.match(await end, new RegExp(expected === 'ab' ? '^ab$' : `filter_failed\\{[^,]+,${expected}\\}`))
          assert.deepEqual(bed.told, expected === 'ab' ? [] : [expected])
        })
      }
    }
  }

  it('may be silent for longer than a hook may wait, and its time counts', async () => {
    const bed = createGuardBed()
    const { promise, resolve } = Promise.withResolvers<void>()
    const body = async function* (): AsyncGenerator<string> {
      await promise
      bed.clock.advance(50)
      yield 'late'
    }
    const reply = await bed.guard({ onRequest: () => createReply(200, { body: body() }) }).onRequest?.(createExchange())
    const end = collect(reply as Reply)
    bed.clock.advance(60_000)
    resolve()
    assert.equal(await end, 'late')
    assert.deepEqual(bed.told, [])
    assert.equal(bed.reading()?.calls, 3)
  })

  it('is told when nobody wants it any more', async () => {
    const bed = createGuardBed()
    let hasEnded = false
    const body: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: 'a' }),
        return: () => ((hasEnded = true), Promise.resolve({ done: true, value: undefined })),
      }),
    }
    const reply = await bed.guard({ onRequest: () => createReply(200, { body }) }).onRequest?.(createExchange())
    for await (const _ of (reply as Reply).body as AsyncIterable<string>) break
    assert.ok(hasEnded)
  })
})
