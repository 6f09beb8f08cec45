import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { turn } from '../../test/support/turns.ts'
import type { KubeJson, ListEnd, ListQuery, WatchQuery } from './client.ts'
import type { KubeFailure, KubeResult } from './failure.ts'
import { startReflector, type Reflector, type ReflectorOptions } from './reflector.ts'
import { kubeResources } from './resources.ts'

interface Item {
  readonly name: string
  readonly text: string
}

/** A question that waits for its answer. */
type Open =
  | { readonly kind: 'list'; readonly query: ListQuery; readonly end: (result: KubeResult<ListEnd>) => void }
  | { readonly kind: 'watch'; readonly query: WatchQuery; readonly end: (result: KubeResult<undefined>) => void }

const closing: Reflector<Item>[] = []
afterEach(() => {
  for (const reflector of closing.splice(0)) reflector.close()
})

const object = (name: string, version: string, text = ''): KubeJson => ({
  metadata: { name, namespace: 'shop', resourceVersion: version },
  text,
})

const failure = (reason: string, status?: number, more: Partial<KubeFailure> = {}) => ({
  ok: false as const,
  failure: { asked: 'GET /x', reason, message: reason, ...(status === undefined ? {} : { status }), ...more },
})

const start = (options: Partial<ReflectorOptions<Item>> = {}) => {
  const clock = createFakeClock()
  const open: Open[] = []
  const asked: string[] = []
  let told = 0
  const ask = <T>(signal: AbortSignal | undefined, make: (end: (result: KubeResult<T>) => void) => Open) => {
    const { promise, resolve } = Promise.withResolvers<KubeResult<T>>()
    signal?.addEventListener('abort', () => resolve(failure('Aborted')))
    open.push(make(resolve))
    return promise
  }
  const reflector = startReflector<Item>({
    client: {
      list: (_, query) => {
        asked.push(`list ${query.notOlderThan ?? 'newest'}`)
        return ask(query.signal, (end) => ({ kind: 'list', query, end }))
      },
      watch: (_, query) => {
        asked.push(`watch ${query.resourceVersion}`)
        return ask(query.signal, (end) => ({ kind: 'watch', query, end }))
      },
    },
    resource: kubeResources.HTTPRoute,
    selection: { namespace: 'shop' },
    decode: ({ metadata, ...rest }) => ({ name: metadata.name, text: String(rest['text']) }),
    isSame: (a, b) => a.text === b.text,
    onChange: () => told++,
    clock,
    random: () => 0,
    ...options,
  })
  closing.push(reflector)
  const next = async (): Promise<Open> => {
    for (let i = 0; i < 20 && open.length === 0; i++) await turn()
    const question = open.shift()
    assert.ok(question !== undefined, `no question is open after ${asked.join(', ')}`)
    return question
  }
  const list = async (version: string, ...items: readonly KubeJson[]): Promise<void> => {
    const question = await next()
    assert.ok(question.kind === 'list')
    for (const item of items) question.query.onItem(item)
    question.end({ ok: true, value: { resourceVersion: version } })
    await turn()
  }
  const watch = async (): Promise<Open & { readonly kind: 'watch' }> => {
    const question = await next()
    assert.ok(question.kind === 'watch')
    question.query.onOpen?.()
    return question
  }
  const texts = (): readonly string[] => [...reflector.items()].map(({ name, text }) => `${name}:${text}`)
  return { reflector, clock, asked, open, next, list, watch, texts, told: () => told }
}

describe('a reflector', () => {
  it('lists, then follows what changes', async () => {
    const { reflector, list, watch, texts, asked, told } = start()
    assert.equal(reflector.state().phase, 'starting')
    await list('5', object('a', '1', 'x'), object('b', '2', 'y'))
    assert.equal(reflector.state().phase, 'synced')
    assert.deepEqual(texts(), ['a:x', 'b:y'])
    const { query } = await watch()
    query.onEvent({ type: 'MODIFIED', object: object('a', '6', 'z') })
    query.onEvent({ type: 'DELETED', object: object('b', '7') })
    query.onEvent({ type: 'ADDED', object: object('c', '8', 'n') })
    assert.deepEqual(texts(), ['a:z', 'c:n'])
    assert.deepEqual(asked, ['list 0', 'watch 5'])
    assert.equal(told(), 4)
  })

  it('tells nobody of what makes no difference', async () => {
    const { reflector, list, watch, told } = start()
    await list('5', object('a', '1', 'x'))
    const [before] = reflector.items()
    const { query } = await watch()
    query.onEvent({ type: 'MODIFIED', object: object('a', '6', 'x') })
    query.onEvent({ type: 'BOOKMARK', resourceVersion: '7' })
    query.onEvent({ type: 'DELETED', object: object('unknown', '8') })
    assert.equal([...reflector.items()][0], before)
    assert.equal(told(), 1)
  })

  it('keeps nothing of what is not wanted, until it is', async () => {
    const wanted = new Set(['a'])
    const { reflector, list, watch, texts } = start({ isWanted: ({ metadata }) => wanted.has(metadata.name) })
    await list('5', object('a', '1', 'x'), object('b', '2', 'y'))
    assert.deepEqual(texts(), ['a:x'])
    const { query } = await watch()
    query.onEvent({ type: 'ADDED', object: object('c', '6', 'z') })
    assert.deepEqual(texts(), ['a:x'])
    wanted.add('b').delete('a')
    reflector.relist()
    assert.equal(reflector.state().phase, 'starting')
    assert.deepEqual(texts(), ['a:x'])
    await list('7', object('a', '1', 'x'), object('b', '2', 'y'))
    assert.deepEqual(texts(), ['b:y'])
    assert.equal(reflector.state().phase, 'synced')
  })

  it('goes on where it was when a watch ends, breaks, or cannot be had', async () => {
    const { asked, list, watch, next, clock } = start()
    await list('5')
    const first = await watch()
    first.query.onEvent({ type: 'BOOKMARK', resourceVersion: '6' })
    first.end({ ok: true, value: undefined })
    const second = await watch()
    second.query.onEvent({ type: 'ADDED', object: object('a', '7') })
    second.end(failure('Unreachable'))
    for (const refused of [failure('ServiceUnavailable', 503), failure('Forbidden', 403), failure('Timeout')]) {
      const question = await next()
      assert.ok(question.kind === 'watch')
      question.end(refused)
      await turn()
      clock.advance(15_000)
    }
    await watch()
    assert.deepEqual(asked, ['list 0', 'watch 5', 'watch 6', 'watch 7', 'watch 7', 'watch 7', 'watch 7'])
  })

  it('lists anew when its version is forgotten, and what is as it was stays the same', async () => {
    const { reflector, asked, list, watch, texts, told } = start()
    await list('5', object('a', '1', 'x'), object('b', '2', 'y'))
    const [a] = reflector.items()
    const question = await watch()
    question.end(failure('Expired', 410))
    await turn()
    assert.deepEqual(texts(), ['a:x', 'b:y'])
    await list('9', object('a', '1', 'x'), object('c', '8', 'z'))
    assert.deepEqual(texts(), ['a:x', 'c:z'])
    assert.equal([...reflector.items()][0], a)
    assert.equal(told(), 2)
    await watch()
    assert.deepEqual(asked, ['list 0', 'watch 5', 'list 5', 'watch 9'])
  })

  it('asks for all in one when pages expire before their turn, and for pages again later', async () => {
    const { reflector, list, next, clock } = start()
    const limits: unknown[] = []
    for (const waitMs of [500, 1000]) {
      const question = await next()
      limits.push('limit' in question.query ? question.query.limit : 'pages')
      question.end(failure('Expired', 410))
      await turn()
      clock.advance(waitMs)
    }
    await list('7', object('a', '1'))
    reflector.relist()
    await next()
    const again = await next()
    limits.push('limit' in again.query ? again.query.limit : 'pages')
    assert.deepEqual(limits, ['pages', undefined, 'pages'])
  })

  it('asks for the newest when the server has less than was seen', async () => {
    const { asked, list, next, clock } = start()
    await list('500')
    const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }]
    const question = await next()
    question.end(failure('Timeout', 504, { causes }))
    await turn()
    clock.advance(500)
    const listing = await next()
    listing.end(failure('Timeout', 504, { causes }))
    await turn()
    clock.advance(1000)
    await list('7')
    await next()
    assert.deepEqual(asked, ['list 0', 'watch 500', 'list 500', 'list newest', 'watch 7'])
  })

  it('says what keeps it, and when that is over', async () => {
    const { reflector, list, next, watch, clock, told } = start()
    const first = await next()
    first.end(failure('Forbidden', 403))
    await turn()
    assert.equal(reflector.state().failure?.reason, 'Forbidden')
    assert.equal(reflector.state().phase, 'starting')
    clock.advance(500)
    await list('5')
    assert.equal(reflector.state().failure, undefined)
    const second = await watch()
    clock.advance(2000)
    second.end(failure('Unreachable'))
    await turn()
    assert.equal(reflector.state().failure?.reason, 'Unreachable')
    assert.equal(reflector.state().phase, 'synced')
    await watch()
    assert.equal(reflector.state().failure, undefined)
    assert.equal(told(), 4)
  })

  it('waits longer each time, and as long as the server wants', async () => {
    const { asked, next, clock } = start()
    for (const waitMs of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
      const question = await next()
      question.end(failure('ServiceUnavailable', 503))
      await turn()
      clock.advance(waitMs - 1)
      await turn()
      const before = asked.length
      clock.advance(1)
      await turn()
      assert.equal(asked.length, before + 1)
    }
    const question = await next()
    question.end(failure('TooManyRequests', 429, { retryAfterMs: 60_000 }))
    await turn()
    const before = asked.length
    clock.advance(59_999)
    await turn()
    assert.equal(asked.length, before)
  })

  it('does not make a list wait for what failed before a watch that lasted', async () => {
    const { reflector, asked, next, list, watch, clock } = start()
    for (const waitMs of [500, 1000, 2000, 4000]) {
      const question = await next()
      question.end(failure('ServiceUnavailable', 503))
      await turn()
      clock.advance(waitMs)
    }
    await list('5')
    await watch()
    clock.advance(60_000)
    reflector.relist()
    const question = await next()
    question.end(failure('ServiceUnavailable', 503))
    await turn()
    const before = asked.length
    clock.advance(500)
    await turn()
    assert.equal(asked.length, before + 1)
  })

  for (const [name, ended] of [
    ['forgets', failure('Expired', 410)],
    ['ends', { ok: true, value: undefined } as const],
  ] as const) {
    it(`does not hurry a server that ${name} each watch at once`, async () => {
      const { asked, open } = start()
      for (let i = 0; i < 50; i++) {
        const question = open.shift()
        if (question?.kind === 'list') question.end({ ok: true, value: { resourceVersion: '5' } })
        else question?.end(ended)
        await turn()
      }
      assert.ok(asked.length <= 4, asked.join(', '))
    })
  }

  for (const [name, ended] of [
    ['ends', { ok: true, value: undefined } as const],
    ['spoils', failure('BadAnswer')],
    ['cuts', failure('Unreachable')],
  ] as const) {
    it(`does not hurry a server that ${name} each watch after one event`, async () => {
      const { asked, open } = start()
      for (let i = 0; i < 100; i++) {
        const question = open.shift()
        if (question?.kind === 'list') question.end({ ok: true, value: { resourceVersion: '5' } })
        else if (question !== undefined) {
          question.query.onOpen?.()
          question.query.onEvent({ type: 'MODIFIED', object: object('a', String(i), String(i)) })
          question.end(ended)
        }
        await turn()
      }
      assert.ok(asked.length <= 9, asked.join(', '))
    })
  }

  it('asks nothing any more once it is closed', async () => {
    const { reflector, asked, list, watch, texts } = start()
    await list('5', object('a', '1', 'x'))
    await watch()
    reflector.close()
    await turn()
    assert.deepEqual(asked, ['list 0', 'watch 5'])
    assert.deepEqual(texts(), ['a:x'])
  })
})
