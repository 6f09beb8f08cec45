import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGuardBed, type GuardBed } from '../../../../test/support/filters/guard-bed.ts'
import { HeaderList } from '../../../http/header-list.ts'
import type { UserFilter } from '../../../model/filter-spec.ts'
import type { Filter, Served, Serving } from '../../index.ts'
import { createExchange } from '../../testing.ts'
import { PENDING, SLOT } from '../hook-slots.ts'

/** What became of a request that a guarded filter was asked about. */
const ask = (
  bed: GuardBed,
  serve: (serving: Serving) => Partial<Served> | undefined,
  changes: Partial<UserFilter> = {},
) => {
  const told: string[] = []
  let isLeavable = true
  const bind =
    (what: string) =>
    (...args: readonly unknown[]): void => {
      isLeavable = false
      told.push([what, ...args.filter((arg) => typeof arg === 'number')].join(' '))
    }
  const serving: Serving = {
    ...{ bodyBytes: 0, readBody: bind('read'), resume: () => {}, respond: bind('head'), end: bind('end') },
    write: () => true,
    fail: (error) => void told.push(`failed: ${error instanceof Error ? error.message : String(error)}`),
    leave: () => {
      if (isLeavable) told.push('left')
      return isLeavable
    },
  }
  const nothing: Served = { onBody: () => true, onBodyEnd: () => {}, onDrain: () => {}, onOver: () => {} }
  const filter: Filter = {
    serve: (_exchange, guarded) => {
      const served = serve(guarded)
      return typeof served === 'object' ? { ...nothing, ...served } : served
    },
  }
  const guarded = bed.guard(filter, changes)
  let served: Served | undefined | void
  try {
    served = guarded.serve?.(createExchange(), serving)
    if (served === undefined) told.push('not taken')
  } catch (error) {
    told.push(`thrown: ${String(error)}`)
  }
  const pending = (): number => bed.slots.cells[PENDING + 1] ?? 0
  return { told, served, pending, guarded, serving }
}

const closed = { failureMode: 'closed' } as const
const open = { failureMode: 'open' } as const

describe('a filter that serves', () => {
  it('is waited for until it has begun its answer, and not longer', () => {
    const bed = createGuardBed()
    let given: Serving | undefined
    const { pending, told } = ask(bed, (serving) => {
      given = serving
      assert.notEqual(bed.slots.cells[SLOT], 0)
      return {}
    })
    assert.equal(pending(), 1)
    given?.respond(200, new HeaderList(), 2)
    assert.equal(pending(), 0)
    bed.clock.advance(100_000)
    given?.end()
    assert.deepEqual(told, ['head 200 2', 'end'])
    assert.deepEqual([bed.told, bed.slots.cells[SLOT]], [[], 0])
  })

  it('fails when it takes too long, or leaves the request where it fails open', () => {
    for (const [changes, expected] of [
      [closed, 'failed: filter_failed{shop/stamp,wait}'],
      [open, 'left'],
    ] as const) {
      const bed = createGuardBed()
      const { told, pending } = ask(bed, () => ({}), { ...changes, waitMs: 300 })
      bed.clock.advance(299)
      assert.deepEqual(told, [])
      bed.clock.advance(1)
      assert.deepEqual([told, bed.told, pending()], [[expected], ['wait'], 0])
    }
  })

  it('is not blamed for a client that sends its body slowly, but for not taking it, and for what it does with all of it', () => {
    for (const end of ['held', 'whole'] as const) {
      const bed = createGuardBed()
      const { told, served } = ask(
        bed,
        (serving) => {
          serving.readBody()
          return { onBody: () => end === 'whole' }
        },
        { ...closed, waitMs: 300 },
      )
      bed.clock.advance(10_000)
      assert.deepEqual(told, ['read'])
      served?.onBody(Buffer.from('x'))
      if (end === 'whole') {
        bed.clock.advance(10_000)
        assert.deepEqual(told, ['read'])
        served?.onBodyEnd(undefined)
      }
      bed.clock.advance(300)
      assert.deepEqual(told, ['read', 'failed: filter_failed{shop/stamp,wait}'])
    }
  })

  it('fails closed whatever its mode once the body was asked for: nobody else could send it on', () => {
    const bed = createGuardBed()
    const { told, served } = ask(
      bed,
      (serving) => {
        serving.readBody()
        return {}
      },
      { ...open, waitMs: 300 },
    )
    served?.onBodyEnd(undefined)
    bed.clock.advance(300)
    assert.deepEqual(told, ['read', 'failed: filter_failed{shop/stamp,wait}'])
  })

  it('hears that it is over when the request goes on without it: it would write for nobody, for ever', () => {
    for (const serve of [
      (serving: Serving): void => serving.fail(new Error('no')),
      (serving: Serving): void => serving.respond(200, new HeaderList(['x-a', 'b\nc']), undefined),
    ]) {
      for (const isLate of [false, true]) {
        const over: boolean[] = []
        let given: Serving | undefined
        const { told } = ask(
          createGuardBed(),
          (serving) => {
            given = serving
            if (!isLate) serve(serving)
            return { onOver: (isWhole) => void over.push(isWhole) }
          },
          open,
        )
        if (isLate && given !== undefined) serve(given)
        assert.deepEqual([told, over], [['left'], [false]])
      }
    }
  })

  const faults: readonly (readonly [what: string, kind: string, serve: (serving: Serving) => Partial<Served>])[] = [
    ['throws', 'throw', () => { throw new Error('no') }], // prettier-ignore
    ['returns something else', 'invalid', () => 7 as never],
  ]
  for (const [what, kind, serve] of faults) {
    it(`that ${what} has failed`, () => {
      const bed = createGuardBed()
      const strict = ask(bed, serve, closed)
      assert.match(strict.told.join(), new RegExp(`thrown: .*filter_failed\\{shop/stamp,${kind}\\}`))
      assert.deepEqual(ask(createGuardBed(), serve, open).told, ['not taken'])
      assert.deepEqual([bed.told, strict.pending()], [[kind], 0])
    })
  }

  it('may not answer with fields that cannot be written', () => {
    const bed = createGuardBed()
    const { told } = ask(bed, (serving) => {
      serving.respond(200, new HeaderList(['x-a', 'b\nc']), 0)
      return {}
    })
    assert.deepEqual([told, bed.told], [['failed: filter_failed{shop/stamp,invalid}'], ['invalid']])
  })

  it('fails when it throws at what it is told', () => {
    const bed = createGuardBed()
    const { served, told } = ask(bed, () => ({
      onBody: () => {
        throw new Error('no')
      },
    }))
    assert.equal(served?.onBody(Buffer.from('x')), true)
    assert.deepEqual([told, bed.told], [['failed: filter_failed{shop/stamp,throw}'], ['throw']])
  })

  it('has shown that it can when it answers, and not when it takes a request', () => {
    const bed = createGuardBed()
    const hang = (): object => ({})
    const changes = { ...closed, waitMs: 300 }
    for (let i = 0; i < 100 && bed.reading()?.state !== 'quarantined'; i++) {
      ask(bed, hang, changes)
      bed.clock.advance(300)
    }
    assert.equal(bed.reading()?.state, 'quarantined')
    bed.clock.advance(30_000)
    ask(bed, hang, changes)
    assert.match(ask(bed, hang, changes).told.join(), /filter_quarantined/, 'one at a time')
    bed.clock.advance(300)
    assert.equal(bed.reading()?.state, 'quarantined')
    bed.clock.advance(300_000)
    const answer = (serving: Serving): object => {
      serving.respond(200, new HeaderList(), 0)
      return {}
    }
    // Nobody waited for the first one, which says nothing against it; the second one's client takes its time.
    ask(bed, hang, changes).served?.onOver(false)
    ask(bed, (serving) => (serving.readBody(), {}), changes)
    ask(bed, answer, changes)
    assert.equal(bed.reading()?.state, 'active')
  })

  it('is not asked while it is quarantined', () => {
    const bed = createGuardBed()
    const serve = (): never => {
      throw new Error('no')
    }
    for (let i = 0; i < 100 && bed.reading()?.state !== 'quarantined'; i++) ask(bed, serve, closed)
    let asked = 0
    const { told } = ask(
      bed,
      () => {
        asked++
        return {}
      },
      closed,
    )
    assert.equal(asked, 0)
    assert.match(told.join(), /filter_quarantined\{shop\/stamp\}/)
  })
})
