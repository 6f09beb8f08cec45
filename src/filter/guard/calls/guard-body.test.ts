import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { markAsUntransferable } from 'node:worker_threads'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { HeaderList } from '../../../http/header-list.ts'
import type { UserFilter } from '../../../model/filter-spec.ts'
import type { BodyMode, BodyResult, Filter, HookResult } from '../../index.ts'
import { createExchange } from '../../testing.ts'
import { FilterFailure } from '../failure.ts'
import { createFilterGuards } from '../guard.ts'
import { createHookSlots } from '../hook-slots.ts'

interface Made {
  readonly filter: Filter
  readonly failures: string[]
}

const guardWith = (filter: Filter, failureMode: UserFilter['failureMode'], mode: BodyMode = 'stream'): Made => {
  const failures: string[] = []
  const guards = createFilterGuards({
    clock: createFakeClock(),
    slots: createHookSlots(),
    describe: String,
    pin: markAsUntransferable,
    locate: () => undefined,
    onFailure: ({ kind }) => void failures.push(kind),
    onQuarantine: () => {},
  })
  const user = { id: 'shop/redact', module: 'a', version: 'v1', hookMs: 10, waitMs: 1000, isolation: 'none' } as const
  const spec = { kind: 'Redact', config: {}, origin: 'here', user: { ...user, failureMode } }
  return { filter: guards.guard(filter, spec, { kind: 'Redact', body: { request: mode, response: mode } }), failures }
}

/** `ok`: left alone; `change`: replaced; `throw`; `bad`: what is no piece. */
type Step = 'ok' | 'change' | 'throw' | 'bad'

const transformOf = (steps: readonly Step[]): Filter => ({
  transformRequest: () => {
    const left = [...steps]
    return (): BodyResult => {
      const step = left.shift()
      if (step === 'throw') throw new Error('no')
      if (step === 'bad') return 7 as never
      return step === 'change' ? 'changed' : undefined
    }
  },
})

/** What comes of the pieces: as they were, replaced, or the end of the exchange. */
const pass = ({ transformRequest }: Filter, pieces: number): readonly string[] => {
  const transform = transformRequest?.(createExchange())
  const results: string[] = []
  try {
    for (let i = 0; i < pieces; i++) {
      const result = transform?.(Buffer.from('x'), i === pieces - 1)
      results.push(result === undefined ? 'ok' : 'changed')
    }
  } catch (error) {
    results.push(error instanceof FilterFailure ? error.details : String(error))
  }
  return results
}

describe('a transform that fails', () => {
  const cases: readonly (readonly [
    mode: BodyMode,
    failure: 'open' | 'closed',
    steps: readonly Step[],
    expected: readonly string[],
  ])[] = [
    ['stream', 'closed', ['change', 'ok', 'change'], ['changed', 'ok', 'changed']],
    ['stream', 'closed', ['ok', 'throw'], ['ok', 'filter_failed{shop/redact,throw}']],
    ['stream', 'closed', ['bad'], ['filter_failed{shop/redact,invalid}']],
    ['stream', 'open', ['ok', 'throw', 'change'], ['ok', 'ok', 'ok']],
    ['stream', 'open', ['change', 'throw', 'ok'], ['changed', 'filter_failed{shop/redact,throw}']],
    ['stream', 'open', ['bad', 'ok'], ['ok', 'ok']],
    ['buffer', 'open', ['throw'], ['ok']],
    ['buffer', 'closed', ['throw'], ['filter_failed{shop/redact,throw}']],
  ]
  for (const [mode, failure, steps, expected] of cases) {
    it(`${mode}, ${failure}: ${steps.join(', ')}`, () => {
      const { filter } = guardWith(transformOf(steps), failure, mode)
      assert.deepEqual(pass(filter, steps.length), expected)
    })
  }
})

it('the making of a transform is guarded too', () => {
  for (const make of [
    () => {
      throw new Error('no')
    },
    () => 'no function' as never,
  ]) {
    assert.deepEqual(pass(guardWith({ transformRequest: make }, 'open').filter, 1), ['ok'])
    const { filter, failures } = guardWith({ transformRequest: make }, 'closed')
    assert.throws(() => filter.transformRequest?.(createExchange()), FilterFailure)
    assert.equal(failures.length, 1)
  }
})

it('trailers are as they came when the hook on them fails open', () => {
  const hook = (trailers: HeaderList): void => {
    trailers.set('grpc-status', '0\n')
  }
  const trailers = new HeaderList(['grpc-status', '5'])
  void guardWith({ onResponseTrailers: hook }, 'open').filter.onResponseTrailers?.(trailers, createExchange())
  assert.deepEqual(trailers.fields, ['grpc-status', '5'])
  const { filter } = guardWith({ onResponseTrailers: hook }, 'closed')
  assert.throws(() => filter.onResponseTrailers?.(trailers, createExchange()), /filter_failed\{shop\/redact,invalid\}/)
})

it('a connection is refused when its hook fails closed, and carried when it fails open', () => {
  const tunnel = { ...createExchange(), sni: undefined }
  const onTunnel = (): HookResult => {
    throw new Error('no')
  }
  assert.equal(guardWith({ onTunnel }, 'open').filter.onTunnel?.(tunnel), undefined)
  assert.throws(() => guardWith({ onTunnel }, 'closed').filter.onTunnel?.(tunnel), FilterFailure)
})

it('a transform cannot take away the memory of its piece, which connections read into', () => {
  const memory = new ArrayBuffer(64)
  const takes: readonly ((bytes: Buffer<ArrayBuffer>) => void)[] = [
    ({ buffer }) => void structuredClone(buffer, { transfer: [buffer] }),
    ({ buffer }) => void buffer.transfer(),
    (bytes) => void new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(bytes) }),
  ]
  for (const take of takes) {
    const transform = (): void => take(Buffer.from(memory, 8, 4))
    const { filter, failures } = guardWith({ transformRequest: () => transform }, 'open')
    void filter.transformRequest?.(createExchange())?.(Buffer.from(memory, 8, 4), false)
    assert.deepEqual([failures, memory.byteLength], [['throw'], 64])
  }
})
