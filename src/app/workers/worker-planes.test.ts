import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, it } from 'node:test'
import { createModelReader } from '../../config/delta.ts'
import { defaultPropagation } from '../../http/tracing/trace-fields.ts'
import { CredentialStore } from '../../identity/credential-store.ts'
import type { Credentials } from '../../identity/credentials.ts'
import { createLogger } from '../../lib/log.ts'
import { unpackJson } from '../../lib/memory/packed-json.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { defaultDeadlines } from '../../proxy/limits/deadlines.ts'
import { createFakeClock, type FakeClock } from '../../../test/support/fake-clock.ts'
import { routeOf } from '../../../test/support/models.ts'
import { mergeDumps } from '../../telemetry/dump.ts'
import type { Blame } from '../watchdog/report.ts'
import type { ModelEdits, ToWorker } from './messages.ts'
import type { ModelChange, PlaneSettings } from '../plane.ts'
import { WorkerPlanes } from './worker-planes.ts'
import { Refusal, type StartWorker, type WorkerHandle } from './worker-process.ts'

/** A worker that answers when it is told to. */
interface FakeWorker extends WorkerHandle {
  readonly posts: ToWorker[]
  /** What the calls `apply` brought. */
  readonly applied: ModelEdits[]
  /** `NAME DETAIL` of the calls that wait for an answer, oldest first. */
  readonly waiting: () => readonly string[]
  readonly answer: (value?: unknown) => Promise<void>
  readonly fail: (error: Error) => Promise<void>
  readonly isKilled: () => boolean
  readonly blame: (blame: Blame) => void
  readonly end: () => void
}

const tracingOff: PlaneSettings['tracing'] = {
  defaults: {
    hasCollector: false,
    ratio: 0,
    followsParent: true,
    reportsErrors: false,
    propagation: defaultPropagation,
  },
  reportDelayMs: 5000,
  self: { serviceName: 'waypoint', resource: {}, tags: {} },
  environmentAttributes: {},
}

const settings: PlaneSettings = {
  bind: '127.0.0.1',
  reusePort: true,
  trustDomains: ['cluster.local'],
  tlsGroups: undefined,
  accessLog: undefined,
  flowLog: undefined,
  authzLog: 'off',
  tracing: tracingOff,
  logLevel: 'info',
  deadlines: defaultDeadlines,
  overload: {},
  filterEgress: [],
  workers: 2,
}

const credentialsOf = (serviceAccount: string): Credentials => ({
  identity: formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount }),
  certificateChainPem: '',
  privateKeyPem: '',
  trustRootsPem: '',
  notBeforeMs: 0,
  notAfterMs: 0,
})

const change = (generation: number): ModelChange => ({
  model: {
    gateway: undefined,
    trafficType: 'service',
    pathNormalization: 'BASE',
    services: [],
    routes: [],
    endpoints: [],
    pods: [],
    authentications: [],
    authorizations: [],
  },
  generation,
  issues: 0,
})

let clock: FakeClock
let workers: FakeWorker[]
let credentials: CredentialStore
let planes: WorkerPlanes
let log: string[]

beforeEach(() => {
  clock = createFakeClock()
  workers = []
  log = []
  credentials = new CredentialStore(credentialsOf('first'))
  planes = new WorkerPlanes({
    count: 2,
    settings,
    credentials,
    clock,
    log: createLogger({ write: (line) => log.push(line), level: 'info', clock }),
    startWorker,
  })
})
afterEach(() => planes.close())

const startWorker: StartWorker = (_clock, { onExit, onBlame }) => {
  const pending: { name: string; resolve: (value: unknown) => void; reject: (error: Error) => void }[] = []
  const posts: ToWorker[] = []
  const applied: ModelEdits[] = []
  let isKilled = false
  const settle = async (act: (call: (typeof pending)[number]) => void): Promise<void> => {
    const [next] = pending.splice(0, 1)
    assert.ok(next, 'no call waits')
    act(next)
    await setImmediate()
  }
  const worker: FakeWorker = {
    pid: 100 + workers.length,
    posts,
    applied,
    post: (message) => posts.push(message),
    call: (name, ask) => {
      const { promise, resolve, reject } = Promise.withResolvers<never>()
      const detail = typeof ask === 'object' && 'generation' in ask ? String(ask.generation) : JSON.stringify(ask)
      if ('delta' in (ask ?? {})) applied.push(ask as ModelEdits)
      // The test answers with what the call is for.
      pending.push({ name: `${name} ${detail}`, resolve: resolve as (value: unknown) => void, reject })
      return promise
    },
    kill: () => {
      isKilled = true
    },
    waiting: () => pending.map(({ name }) => name),
    answer: (value) => settle(({ resolve }) => resolve(value)),
    fail: (error) => settle(({ reject }) => reject(error)),
    isKilled: () => isKilled,
    blame: (blame) => onBlame?.(blame),
    end: () => {
      for (const { reject } of pending.splice(0)) reject(new Error('ended'))
      onExit({ code: null, signal: 'SIGKILL' })
    },
  }
  workers.push(worker)
  return worker
}

const worker = (index: number): FakeWorker => {
  const found = workers[index]
  assert.ok(found, `no worker ${index}`)
  return found
}

/** Two workers that serve generation 1 on port 15008. */
const startBoth = async (): Promise<void> => {
  const applied = planes.apply(change(1))
  await setImmediate()
  await worker(0).answer()
  await worker(1).answer()
  await applied
  const listening = planes.listen(0)
  await setImmediate()
  await worker(0).answer(15_008)
  assert.deepEqual(worker(1).waiting(), ['listen {"port":15008}'], 'the second shares the port of the first')
  await worker(1).answer(15_008)
  assert.equal(await listening, 15_008)
}

it('one that ends is replaced, and not ready before it has all that the others have', async () => {
  await startBoth()
  assert.equal(planes.trouble(), undefined)
  worker(0).end()
  assert.equal(planes.trouble(), '1 of 2 workers are running')
  assert.match(log.join(''), /worker 100 ended unexpectedly.*"signal":"SIGKILL"/)
  clock.advance(500)
  assert.deepEqual(worker(2).waiting(), ['apply 1'])
  await worker(2).answer()
  assert.deepEqual(worker(2).waiting(), ['listen {"port":15008}'])
  assert.equal(planes.trouble(), '1 of 2 workers are running')
  await worker(2).answer(15_008)
  assert.equal(planes.trouble(), undefined)
})

it('what comes while one is starting reaches it before it serves', async () => {
  await startBoth()
  worker(0).end()
  clock.advance(500)
  const applied = planes.apply(change(2))
  await setImmediate()
  await worker(1).answer()
  await applied
  credentials.replace(credentialsOf('second'))
  planes.setLogLevel('debug')
  assert.deepEqual(
    worker(2).posts.map(({ kind }) => kind),
    ['start', 'credentials', 'log-level'],
  )
  await worker(2).answer()
  assert.deepEqual(worker(2).waiting(), ['apply 2'], 'the newer one follows')
  await worker(2).answer()
  await worker(2).answer(15_008)
  assert.equal(planes.trouble(), undefined)
})

it('a model reaches a worker as what it does not know yet, and a new one as a whole', async () => {
  const withRoutes = (generation: number, names: readonly string[]): ModelChange => {
    const routes = names.map((name) => routeOf(name))
    return { ...change(generation), model: { ...change(generation).model, routes } }
  }
  await startBoth()
  const sent = [withRoutes(2, ['a', 'c']), withRoutes(3, ['a', 'b', 'c'])]
  for (const next of sent) {
    const applied = planes.apply(next)
    await setImmediate()
    for (const index of [0, 1]) await worker(index).answer()
    await applied
  }
  worker(0).end()
  clock.advance(500)
  const told = (index: number) =>
    worker(index).applied.map(({ generation, delta }) => {
      const { isFirst, routes } = unpackJson(delta)
      const names = routes.flatMap(({ items }) => items.map(({ name }) => name)).join('')
      return `${generation} ${isFirst ? 'first' : 'next'} ${names}`
    })
  assert.deepEqual(told(1), ['1 first ', '2 next ac', '3 next b'])
  assert.deepEqual(told(2), ['3 first abc'])
  const read = createModelReader()
  const models = worker(1).applied.map(({ delta }) => read(unpackJson(delta)))
  assert.deepEqual(
    models.slice(1),
    sent.map(({ model }) => model),
  )
})

it('one that cannot be started is tried again, after a longer while each time', async () => {
  await startBoth()
  worker(0).end()
  clock.advance(500)
  await worker(2).fail(new Error('out of memory'))
  assert.ok(worker(2).isKilled())
  worker(2).end()
  clock.advance(749)
  assert.equal(workers.length, 3)
  clock.advance(251)
  assert.deepEqual(worker(3).waiting(), ['apply 1'])
})

it('one that dies while it is told of a model does not keep the others from it', async () => {
  await startBoth()
  const applied = planes.apply(change(2))
  await setImmediate()
  worker(0).end()
  await worker(1).answer()
  await applied
  clock.advance(500)
  assert.deepEqual(worker(2).waiting(), ['apply 2'])
})

it('one that does not answer is ended, since it would serve what is out of date', async () => {
  await startBoth()
  const applied = planes.apply(change(2))
  await setImmediate()
  await worker(0).fail(new Error('worker 100 did not answer apply in 30000 ms'))
  await worker(1).answer()
  await applied
  assert.deepEqual([worker(0).isKilled(), worker(1).isKilled()], [true, false])
})

it('what the workers refuse is not given to their successors', async () => {
  await startBoth()
  const applied = planes.apply(change(2))
  applied.catch(() => {})
  await setImmediate()
  await worker(0).fail(new Refusal('cannot be compiled', undefined))
  await worker(1).fail(new Refusal('cannot be compiled', undefined))
  await assert.rejects(applied, /cannot be compiled/)
  assert.deepEqual([worker(0).isKilled(), worker(1).isKilled()], [false, false])
  worker(0).end()
  clock.advance(500)
  assert.deepEqual(worker(2).waiting(), ['apply 1'])
})

it('after close nothing is started, and those that were being started end as well', async () => {
  await startBoth()
  worker(0).end()
  clock.advance(500)
  planes.close()
  assert.deepEqual([worker(1).isKilled(), worker(2).isKilled()], [true, true])
  worker(1).end()
  worker(2).end()
  clock.advance(10_000)
  assert.equal(workers.length, 3)
})

it('draining waits for those that serve and has no use for one that starts', async () => {
  await startBoth()
  worker(0).end()
  clock.advance(500)
  const drained = planes.drain(1000)
  assert.ok(worker(2).isKilled())
  assert.deepEqual(worker(1).waiting(), ['drain {"deadlineMs":1000}'])
  await worker(1).answer()
  await drained
})

/** What a worker says that has had so many tunnels, of which one is open. */
const dumpOf = (tunnels: number) => {
  const scalars = [
    { name: 'fairway_tunnels_total', value: tunnels },
    { name: 'fairway_tunnels_open', value: 1 },
  ]
  return { next: undefined, dump: { series: [], scalars } }
}

/** Totals and gauges of all workers after each of those that wait was told what to answer. */
const tunnelsOf = async (...answers: readonly (readonly [index: number, tunnels: number])[]) => {
  const asked = planes.dumps()
  for (const [index, tunnels] of answers) await worker(index).answer(dumpOf(tunnels))
  const { scalars } = mergeDumps(await asked)
  return ['fairway_tunnels_total', 'fairway_tunnels_open'].map(
    (name) => scalars.find((one) => one.name === name)?.value,
  )
}

it('no total falls when one ends, whenever that is, and its gauges go with it', async () => {
  await startBoth()
  assert.deepEqual(await tunnelsOf([0, 5], [1, 7]), [12, 2])
  worker(0).end()
  assert.deepEqual(await tunnelsOf([1, 8]), [13, 1])
  const asked = planes.dumps()
  worker(1).end()
  await setImmediate()
  assert.deepEqual(mergeDumps(await asked).scalars, [{ name: 'fairway_tunnels_total', value: 13 }])
  clock.advance(1000)
  for (const index of [2, 3]) {
    await worker(index).answer()
    await worker(index).answer(15_008)
  }
  assert.deepEqual(await tunnelsOf([2, 1], [3, 1]), [15, 2])
})

it('one that does not say what it has counted counts with what it said last', async () => {
  await startBoth()
  await tunnelsOf([0, 5], [1, 7])
  const asked = planes.dumps()
  await worker(0).fail(new Error('worker 100 did not answer dump in 5000 ms'))
  await worker(1).answer(dumpOf(9))
  assert.equal(mergeDumps(await asked).scalars[0]?.value, 14)
})

const loop = { filters: [{ id: 'shop/a', version: 'v1' }], kind: 'loop', message: 'held the loop' } as const

const quarantinesOf = ({ posts }: FakeWorker): readonly string[] =>
  posts.flatMap((post) => (post.kind === 'quarantines' ? post.notices.map(({ id }) => id) : []))

it('one that a filter takes down is replaced at once, all others hear of the filter, and so does the next one', async () => {
  await startBoth()
  worker(0).blame(loop)
  assert.deepEqual(quarantinesOf(worker(1)), ['shop/a'])
  worker(0).end()
  assert.equal(workers.length, 3)
  assert.deepEqual(quarantinesOf(worker(2)), ['shop/a'])
  assert.deepEqual(worker(2).waiting(), ['apply 1'])
})

it('a filter that is quarantined, and does it again, is met with patience', async () => {
  await startBoth()
  worker(0).blame(loop)
  worker(0).end()
  worker(2).blame(loop)
  worker(2).end()
  assert.equal(workers.length, 3)
  clock.advance(500)
  assert.equal(workers.length, 4)
})

it('one whose memory a filter fills serves on until another one does', async () => {
  await startBoth()
  worker(0).blame({ ...loop, kind: 'memory', isAlive: true })
  assert.deepEqual(quarantinesOf(worker(0)), ['shop/a'])
  assert.deepEqual([workers.length, worker(0).isKilled()], [3, false])
  await worker(2).answer()
  await worker(2).answer()
  assert.deepEqual(worker(0).waiting(), ['drain {"deadlineMs":5000}'])
  assert.equal(planes.trouble(), undefined)
  await worker(0).answer()
  assert.deepEqual(worker(0).waiting(), ['dump {"from":0}'], 'it is asked what it has counted to its end')
  await worker(0).answer(dumpOf(5))
  assert.equal(worker(0).isKilled(), true)
  worker(0).end()
  assert.deepEqual(await tunnelsOf([1, 1], [2, 1]), [7, 2])
  clock.advance(60_000)
  assert.equal(workers.length, 3)
})
