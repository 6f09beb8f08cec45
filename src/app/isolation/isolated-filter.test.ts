import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { until } from '../../../test/support/mesh/mesh.ts'
import { createExchange } from '../../filter/testing.ts'
import { CallError } from '../../filter/env/calls.ts'
import { createFakeForward } from '../../filter/harness/fake-forward.ts'
import { FilterMetrics } from '../../filter/env/filter-metrics.ts'
import { FilterFault } from '../../filter/guard/failure.ts'
import { hookNames } from '../../filter/module/check-definition.ts'
import type { Filter, ForwardRest } from '../../filter/index.ts'
import { HeaderList } from '../../http/header-list.ts'
import { systemClock, type Clock } from '../../lib/clock.ts'
import type { DispatchWithin } from '../../proxy/filter-calls/call-env.ts'
import { linkEnv } from '../../proxy/filter-calls/remote/link-env.ts'
import { createIsolatedFilter, type IsolationDeps } from './isolated-filter.ts'
import type { ThreadLinkOptions } from './thread-link.ts'

/** Nothing here waits for it: the first call waits for its thread to start, which takes a slow machine seconds. */
const WAIT_MS = 60_000

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const made: Filter[] = []
after(() => {
  for (const filter of made) filter.close?.()
})

interface Made {
  readonly filter: Filter
  readonly metrics: FilterMetrics
  readonly logged: string[]
  readonly strays: FilterFault[]
}

const noService: DispatchWithin = ({ options: { origin } }, handler) =>
  handler.onResponseError?.({} as never, new CallError('ENOSERVICE', `${String(origin)} is not there`))

interface Surroundings {
  readonly clock?: Clock
  readonly openLink?: IsolationDeps['openLink']
  readonly dispatch?: DispatchWithin
  readonly forward?: ForwardRest
}

const noExchange: ForwardRest = () => Promise.reject(new CallError('ECLOSED', 'there is none'))

/** A filter whose hooks are this text, behind a thread. */
const isolate = (
  hooks: string,
  body = '',
  { clock = systemClock, dispatch = noService, forward = noExchange, openLink }: Surroundings = {},
): Made => {
  const code = `const { schema } = require('fairway/filter')
exports.default = { kind: 'Stamp', stage: 'shape', config: schema.object({ value: schema.string() }), ${body}
create: (config, env) => (${hooks}) }`
  const logged: string[] = []
  const metrics = new FilterMetrics()
  const strays: FilterFault[] = []
  const user = {
    id: 'shop/stamp',
    module: 'a',
    version: 'v1',
    failureMode: 'closed',
    hookMs: 10,
    waitMs: WAIT_MS,
  } as const
  const names = hookNames.filter((name) => hooks.includes(name))
  const filter = createIsolatedFilter(
    {
      spec: {
        kind: 'Stamp',
        config: { value: 'v2' },
        origin: 'x',
        user: { ...user, isolation: 'thread', hooks: names },
      },
      module: {
        digest: 'a',
        root: '/filters',
        entry: 'stamp.cjs',
        files: { 'stamp.cjs': code },
        kind: 'Stamp',
        stage: 'shape',
      },
      link: (_spec, _signal, { post, exchangeOf }) =>
        linkEnv({ scope: metrics.open('shop/stamp'), dispatch, forward, exchangeOf, after: clock.after }, post),
    },
    {
      clock,
      ...(openLink === undefined ? {} : { openLink }),
      log: (level, message) => void logged.push(`${level}: ${message}`),
      onStray: (fault) => void strays.push(fault),
    },
  )
  made.push(filter)
  return { filter, metrics, logged, strays }
}

describe('a filter in a thread of its own', () => {
  it('changes the exchange, remembers it, and replies', async () => {
    const { filter, metrics, logged } = isolate(`(() => { const seen = new WeakMap(); return {
      onRequest({ request, source }) {
        seen.set(request, request.path)
        request.headers.set('x-version', config.value)
        request.path = '/from/' + source.namespace
        env.counter('seen_total', { help: 'x', labels: ['a'] }).inc({ a: 'b' })
        env.log('info', 'seen')
      },
      onResponse({ request, response }) {
        if (response.status === 404) return env.reply(204, { reason: 'gone' })
        response.headers.set('x-path', seen.get(request))
      },
      onComplete(record, { request }) { env.log('info', 'over ' + request.path + ' ' + record.status) },
    } })()`)
    const exchange = createExchange({ path: '/a', source: { namespace: 'web' }, headers: [['x-a', '1']] })
    assert.equal(await filter.onRequest?.(exchange), undefined)
    assert.deepEqual(
      [...exchange.request.headers],
      [
        ['x-a', '1'],
        ['x-version', 'v2'],
      ],
    )
    assert.equal(exchange.request.path, '/from/web')
    const answered = { ...exchange, response: { status: 200, headers: new HeaderList() } }
    assert.equal(await filter.onResponse?.(answered), undefined)
    assert.deepEqual([...answered.response.headers], [['x-path', '/a']])
    const gone = { ...exchange, response: { status: 404, headers: new HeaderList() } }
    assert.deepEqual(await filter.onResponse?.(gone), {
      kind: 'reply',
      status: 204,
      headers: [],
      body: '',
      reason: 'gone',
    })
    filter.onComplete?.({ status: 200 } as never, exchange)
    await filter.onRequest?.(createExchange())
    await until(() => metrics.dump()[0]?.series[0]?.values[0] === 'b', 'what was counted')
    assert.deepEqual(logged, ['info: seen', 'info: over /from/web 200', 'info: seen'])
  })

  it('changes bodies and trailers', async () => {
    const { filter } = isolate(
      `{ transformRequest({ request }) { let n = 0; return (bytes, isLast) => { n++; return n === 1 ? bytes.toString().toUpperCase() : isLast ? undefined : Buffer.from('-' + n) } },
         transformResponse() {},
         onResponseTrailers(trailers) { trailers.set('grpc-status', '0') } }`,
      `body: { request: 'stream', response: 'stream' },`,
    )
    const exchange = createExchange()
    const transform = filter.transformRequest?.(exchange)
    assert.equal(await transform?.(Buffer.from('abc'), false), 'ABC')
    assert.equal(Buffer.from((await transform?.(Buffer.from('def'), false)) as Uint8Array).toString(), '-2')
    assert.equal(await transform?.(Buffer.alloc(0), true), undefined)
    const alone = filter.transformResponse?.(exchange)
    assert.equal(await alone?.(Buffer.from('abc'), true), undefined)
    const trailers = new HeaderList(['grpc-status', '5'])
    await filter.onResponseTrailers?.(trailers, exchange)
    assert.deepEqual(trailers.fields, ['grpc-status', '0'])
  })

  it('takes commands, and says why not', async () => {
    const { filter, strays } = isolate(`{ onCommand({ command, parameters }) {
      if (command === 'function') return () => 1
      if (command !== 'purge') throw new Error('no such command')
      return Promise.resolve({ purged: Object.keys(parameters), at: [1, { a: null }] }) } }`)
    const ask = async (command: string): Promise<unknown> => filter.onCommand?.({ command, parameters: { path: '/a' } })
    assert.deepEqual(await ask('purge'), { purged: ['path'], at: [1, { a: null }] })
    await assert.rejects(ask('other'), { message: 'no such command' })
    await assert.rejects(ask('function'), /could not be cloned/)
    assert.deepEqual(strays, [])
  })

  it('calls others by way of the data plane', async () => {
    const { filter } = isolate(`{ async onRequest({ request }) {
      request.headers.set('x-auth', await env.fetch('http://auth:8080/').catch(({ code, message }) => code + ' ' + message))
    } }`)
    const exchange = createExchange()
    await filter.onRequest?.(exchange)
    assert.deepEqual([...exchange.request.headers], [['x-auth', 'ENOSERVICE http://auth:8080 is not there']])
  })

  it('sends requests on, as they are in its thread', async () => {
    const asked: string[] = []
    const forward: ForwardRest = createFakeForward(({ path, headers }) => {
      asked.push(`${path} ${headers.get('x-a')}`)
      return { status: 304, headers: [['etag', '"7"']], body: ['st', 'ale'] }
    }, new AbortController().signal)
    const { filter } = isolate(
      `{ async onRequest(exchange) {
        exchange.request.path = '/b'
        const answer = await env.forward(exchange, { change: ({ headers }) => headers.set('x-a', '2') })
        let text = ''
        for await (const piece of answer.body) text += Buffer.from(piece)
        return env.reply(200, { body: [answer.status, answer.headers.get('etag'), answer.details, text].join() }) } }`,
      '',
      { forward },
    )
    const exchange = createExchange({ path: '/a', headers: [['x-a', '1']] })
    const reply = await filter.onRequest?.(exchange)
    assert.equal(reply?.body, '304,"7",via_upstream,stale')
    assert.deepEqual([asked, exchange.request.headers.get('x-a')], [['/b 2'], '1'])
  })

  const faults = [
    ['throws', 'throw', 'throw new Error("no")', 'stamp.cjs:3'],
    ['rejects', 'reject', 'return Promise.reject(new Error("no"))', 'stamp.cjs:3'],
    ['returns what cannot be sent', 'invalid', 'return { f() {} }', undefined],
    ['ends its thread', 'throw', 'process.exit?.(1); throw new Error("cannot")', undefined],
    ['loops', 'loop', 'for (;;);', undefined],
    [
      'allocates without end',
      'memory',
      'const all = []; for (;;) all.push(new Array(10_000).fill(all.length))',
      undefined,
    ],
  ] as const
  for (const [what, kind, code, location] of faults) {
    it(`one that ${what}: ${kind}; the next call is answered all the same`, async () => {
      const { filter } = isolate(`{ onRequest({ request }) { if (request.path === '/bad') { ${code} } } }`)
      assert.equal(await filter.onRequest?.(createExchange()), undefined)
      await assert.rejects(
        async () => filter.onRequest?.(createExchange({ path: '/bad' })),
        (error) =>
          error instanceof FilterFault &&
          error.kind === kind &&
          (location === undefined || error.location === location),
      )
      assert.equal(await filter.onRequest?.(createExchange()), undefined)
    })
  }

  it('a body that a thread had begun with fails when that thread ends, and does not go on as it is', async () => {
    const { filter } = isolate(
      `{ onRequest() { for (;;); }, transformResponse: () => (bytes) => bytes.toString().replaceAll('secret', '…') }`,
      `body: { response: 'stream' },`,
    )
    const exchange = { ...createExchange(), response: { status: 200, headers: new HeaderList() } }
    const transform = filter.transformResponse?.(exchange)
    assert.equal(await transform?.(Buffer.from('a secret'), false), 'a …')
    await assert.rejects(async () => filter.onRequest?.(createExchange()), FilterFault)
    await assert.rejects(async () => transform?.(Buffer.from('another secret'), true), /has ended/)
  })

  it('what it says too late changes nothing: the exchange has gone on', async () => {
    const late = { ms: 0 }
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + late.ms }
    const calls: Parameters<DispatchWithin>[] = []
    const { filter } = isolate(
      `{ async onRequest({ request }) {
        await env.fetch('http://auth:8080/').catch(() => {})
        request.headers.set('x-late', '1') } }`,
      '',
      { clock, dispatch: (...call) => void calls.push(call) },
    )
    const exchange = createExchange({ headers: [['x-a', '1']] })
    const result = Promise.resolve(filter.onRequest?.(exchange))
    result.catch(() => {})
    await until(() => calls.length > 0, 'the call of the hook')
    late.ms = WAIT_MS
    for (const call of calls) noService(...call)
    exchange.request.headers.remove('x-a')
    await assert.rejects(result, (error) => error instanceof FilterFault && error.kind === 'wait')
    assert.equal(exchange.request.headers.size, 0)
  })

  it('is not blamed for how long its thread takes to start', async () => {
    const clock = createFakeClock()
    const links: ThreadLinkOptions[] = []
    const { filter } = isolate('{ onRequest() {} }', '', {
      clock,
      openLink: (options) => {
        links.push(options)
        return { post: () => {}, close: () => {} }
      },
    })
    const kinds: string[] = []
    const ask = (): void => void filterOf(filter).catch(({ message }: Error) => kinds.push(message))
    const filterOf = async ({ onRequest }: Filter): Promise<void> => void (await onRequest?.(createExchange()))
    ask()
    clock.advance(9999)
    await turn()
    assert.deepEqual(kinds, [])
    clock.advance(1)
    await turn()
    assert.deepEqual(kinds, ['its thread had not started after 10000 ms'])
    ask()
    clock.advance(5000)
    links[0]?.onMessage({ kind: 'ready' })
    clock.advance(WAIT_MS - 1)
    await turn()
    assert.equal(kinds.length, 1)
    clock.advance(1)
    await turn()
    assert.equal(kinds[1], `no answer within ${WAIT_MS} ms`)
    ask()
    clock.advance(WAIT_MS)
    await turn()
    assert.equal(kinds.length, 3)
  })

  it('one that keeps buffers: memory', async () => {
    const { filter, strays } = isolate(
      `(() => { const all = []; return { onRequest() { all.push(Buffer.alloc(96 * 1024 * 1024, 1)) } } })()`,
    )
    await filter.onRequest?.(createExchange())
    await until(() => strays.length > 0, 'the end of the thread')
    assert.deepEqual(
      strays.map(({ kind }) => kind),
      ['memory'],
    )
    await filter.onRequest?.(createExchange())
  })

  for (const message of [
    '5',
    '[null]',
    "[{ kind: 'env', message: { kind: 'metric', metric: { type: 'counter', name: 'Not a name', options: {} } } }]",
    "[{ kind: 'env', message: { kind: 'counted' } }]",
  ]) {
    it(`one that writes what is no message: ${message}`, async () => {
      const { filter } = isolate(`{ onRequest() {
        const { getBuiltinModule } = new Function('return process')()
        getBuiltinModule('node:worker_threads').parentPort.postMessage(${message})
        return new Promise((resolve) => setTimeout(resolve, 5000)) } }`)
      const answer = Promise.resolve(filter.onRequest?.(createExchange()))
      await assert.rejects(answer, (error) => error instanceof FilterFault && error.kind === 'invalid')
    })
  }

  it('what it says that cannot go over takes nothing else along', async () => {
    const { filter, strays } = isolate(`{ onRequest() {
      void env.dispatcher.request({ origin: 'http://auth:8080', path: '/', method: Symbol('x') }).catch(() => {}) } }`)
    await Promise.all(Array.from({ length: 20 }, async () => filter.onRequest?.(createExchange())))
    await until(() => strays.length === 20, 'what is told of')
    assert.match(strays[0]?.message ?? '', /could not be cloned/)
  })

  it('that fails outside of any call is told of', async () => {
    const { filter, strays } = isolate(
      `{ onRequest() { setImmediate(() => { throw new Error('later') }); return new Promise((r) => setTimeout(r, 50)) } }`,
    )
    await filter.onRequest?.(createExchange())
    assert.deepEqual(
      strays.map(({ kind, location }) => [kind, location]),
      [['throw', 'stamp.cjs:3']],
    )
  })
})
