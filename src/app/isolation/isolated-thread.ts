/**
 * The thread of one isolated filter: makes it from its code, calls its hooks as it is told to, and says what they did.
 * What it does to memory, loop or globals ends with it.
 */
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { BEATS, CALLS, SLOT } from '../../filter/guard/hook-slots.ts'
import { collectReply } from '../../filter/collect-reply.ts'
import { limitLog } from '../../filter/env/limited-log.ts'
import type { BodyTransform, Filter, FilterEnv, Reply } from '../../filter/index.ts'
import { evaluateModule } from '../../filter/module/evaluate-module.ts'
import { faultOf, formatModuleFault, locateError } from '../../filter/module/module-fault.ts'
import { createReply } from '../../filter/reply.ts'
import { HeaderList } from '../../http/header-list.ts'
import { systemClock } from '../../lib/clock.ts'
import { thrownMessage, thrownStack } from '../../lib/errors/thrown-text.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import { LOOK_MS } from '../watchdog/stall.ts'
import { createThreadEnv } from '../../proxy/filter-calls/remote/thread-env.ts'
import type { ExchangeData, FromThread, ThreadData, ThreadFault, ToThread } from './messages.ts'
import { changesOf, ThreadExchanges } from './thread-exchanges.ts'
import type { ThreadExchange } from './thread-exchanges.ts'

// `IsolatedFilter` gives it.
const { spec, module, cells, externalBytes } = workerData as ThreadData
/** Buffers are looked at once a second. */
const LOOKS_PER_CHECK = 10
/** A reply goes over as a whole, as bodies of calls do. */
const MAX_REPLY_BYTES = 8 * 1024 * 1024
const exchanges = new ThreadExchanges()

const outbox: FromThread[] = []
/** One message to the other side for all that is said in a turn. */
const post = (message: FromThread): void => {
  if (outbox.push(message) > 1) return
  queueMicrotask(() => {
    const messages = outbox.splice(0)
    try {
      send(messages)
    } catch {
      // One of them cannot be cloned: the others are of other exchanges.
      for (const each of messages) sendAlone(each)
    }
  })
}

const send = (messages: readonly FromThread[]): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(messages)
}

const sendAlone = (message: FromThread): void => {
  try {
    send([message])
  } catch (error) {
    send([{ kind: 'failed', id: undefined, fault: { kind: 'invalid', ...describe(error) } }])
  }
}

const abort = new AbortController()
const { lent, receive } = createThreadEnv(
  spec.user?.waitMs ?? 1000,
  (message) => post({ kind: 'env', message }),
  exchanges.numberOf,
)
const own: Pick<FilterEnv, 'origin' | 'now' | 'random' | 'after' | 'reply' | 'log' | 'signal'> = {
  origin: spec.origin,
  now: Date.now,
  random: Math.random,
  after: systemClock.after,
  reply: createReply,
  log: limitLog({
    log: (level, message) => post({ kind: 'log', level, message }),
    now: Date.now,
    origin: spec.origin,
  }),
  signal: abort.signal,
}
// Not spread: reading `dispatcher` loads what it is made of.
const env: FilterEnv = Object.assign(lent, own)

const describe = (error: unknown): Pick<ThreadFault, 'message' | 'location'> => ({
  message: hideSecrets(thrownStack(error)),
  location: locateError(error, module.root),
})

const makeFilter = (): Filter => {
  const evaluated = evaluateModule(module)
  if (!evaluated.ok) throw new Error(formatModuleFault(evaluated.fault))
  const { definition } = evaluated
  const decoded = definition.config.decode(spec.config, definition.kind)
  // It was found good before.
  if (!decoded.ok) throw new Error('the configuration does not fit the schema of the module any more')
  return definition.create(decoded.value, env)
}

/** Runs a piece of the filter's code, so that whoever watches knows. */
const enter = <Result>(run: () => Result): Result => {
  cells[CALLS] = (cells[CALLS] ?? 0) + 1
  cells[SLOT] = 1
  try {
    return run()
  } finally {
    cells[SLOT] = 0
  }
}

type Asked = Extract<ToThread, { readonly id: number }>

const answer = async (filter: Filter, message: Asked): Promise<void> => {
  const { id } = message
  let kind: ThreadFault['kind'] = 'throw'
  try {
    const { result: given, changes } = start(filter, message)
    kind = 'reject'
    const settled: unknown = await given
    kind = 'invalid'
    const copy: unknown = message.kind === 'command' ? settled : copyOf(settled)
    const result: unknown = copy instanceof Promise ? await copy : copy
    // What cannot be sent fails here, where somebody is told.
    post(structuredClone({ kind: 'done', id, result, changes: changes() }))
  } catch (error) {
    // Who has given a command wants to know why it was not done, and not where.
    const what = message.kind === 'command' ? { message: hideSecrets(thrownMessage(error)) } : {}
    post({ kind: 'failed', id, fault: { kind, ...describe(error), ...what } })
  }
}

/** What a filter in plain JavaScript returns may be anything; the guard looks at it. */
const copyOf = (result: unknown): Copy | Promise<Copy> => {
  // Not all of the memory that it lies in.
  if (result instanceof Uint8Array) return new Uint8Array(result)
  const reply = result as Reply | undefined
  if (typeof reply !== 'object' || reply?.kind !== 'reply' || typeof reply.body === 'string') return reply
  return collectReply(reply, MAX_REPLY_BYTES).then((bytes) => {
    const { length: _, ...whole } = reply
    return { ...whole, body: new Uint8Array(bytes) }
  })
}

type Copy = Reply | Uint8Array | string | undefined

interface Started {
  readonly result: unknown
  readonly changes: () => ReturnType<typeof changesOf>
}

const start = (filter: Filter, message: Asked): Started => {
  switch (message.kind) {
    case 'hook': {
      const exchange = exchanges.open(message.data)
      return { result: enter(() => filter[message.name]?.(exchange)), changes: () => changesOf(exchange, message.data) }
    }
    case 'command':
      return { result: enter(() => filter.onCommand?.(message.command)), changes: () => undefined }
    case 'tunnel':
      return { result: enter(() => filter.onTunnel?.(message)), changes: () => undefined }
    case 'trailers': {
      const trailers = new HeaderList([...message.fields])
      const exchange = exchanges.open(message.data)
      const result = enter(() => filter[message.name]?.(trailers, exchange))
      return { result, changes: () => ({ trailers: trailers.fields }) }
    }
    case 'piece':
      return transform(filter, message)
  }
}

const transform = (filter: Filter, message: Extract<ToThread, { readonly kind: 'piece' }>): Started => {
  const { name, data, bytes, isLast } = message
  const exchange = typeof data === 'number' ? exchanges.find(data) : exchanges.open(data)
  // Of a body that filters change nothing may go on unchanged because the thread that had begun with it is gone.
  if (exchange === undefined) throw new Error('the thread that had begun with this body has ended')
  if (typeof data !== 'number') exchange.transforms.set(name, makeTransform(filter, name, exchange))
  const change = exchange.transforms.get(name)
  const result = change === undefined ? undefined : enter(() => change(Buffer.from(bytes), isLast))
  return { result, changes: () => (typeof data === 'number' ? undefined : changesOf(exchange, data)) }
}

const makeTransform = (
  filter: Filter,
  name: 'transformRequest' | 'transformResponse',
  exchange: ThreadExchange,
): BodyTransform | undefined => enter(() => filter[name]?.(exchange)) ?? undefined

const complete = (
  filter: Filter,
  { record, data }: { readonly record: Parameters<NonNullable<Filter['onComplete']>>[0]; readonly data: ExchangeData },
): void => {
  try {
    const exchange = exchanges.open(data)
    enter(() => filter.onComplete?.(record, exchange))
  } catch (error) {
    post({ kind: 'failed', id: undefined, fault: { kind: 'throw', ...describe(error) } })
  }
  exchanges.forget(data.exchange)
}

const take = (filter: Filter, message: ToThread): void => {
  switch (message.kind) {
    case 'complete':
      return complete(filter, message)
    case 'forget':
      return exchanges.forget(message.exchange)
    case 'env':
      return receive(message.message)
    case 'close':
      abort.abort()
      filter.close?.()
      return parentPort?.close()
    case 'hook':
    case 'piece':
    case 'trailers':
    case 'tunnel':
    case 'command':
      void answer(filter, message)
  }
}

setInterval(() => {
  const beats = (cells[BEATS] ?? 0) + 1
  cells[BEATS] = beats
  if (beats % LOOKS_PER_CHECK === 0 && getHeapStatistics().external_memory > externalBytes) post({ kind: 'full' })
}, LOOK_MS)

process.on('uncaughtException', (error, origin) => {
  const kind = origin === 'unhandledRejection' ? 'reject' : 'throw'
  post({ kind: 'failed', id: undefined, fault: { kind, ...describe(error) } })
})

try {
  const filter = enter(makeFilter)
  parentPort?.on('message', (messages: readonly ToThread[]) => {
    for (const message of messages) take(filter, message)
  })
} catch (error) {
  const { message } = faultOf(error, module.root)
  parentPort?.on('message', (messages: readonly ToThread[]) => {
    for (const asked of messages) {
      const id = 'id' in asked ? asked.id : undefined
      post({ kind: 'failed', id, fault: { kind: 'throw', message, location: locateError(error, module.root) } })
    }
  })
}
post({ kind: 'ready' })
