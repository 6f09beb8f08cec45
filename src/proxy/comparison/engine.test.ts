import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { comparisonOf } from '../../../test/support/comparison.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { backendOf } from '../../../test/support/models.ts'
import { turn } from '../../../test/support/turns.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { MirrorComparison } from '../../model/comparison/mirror-comparison.ts'
import type { Mirror } from '../../model/route.ts'
import { SpareMemory } from '../forward/spare-memory.ts'
import type { AnswerTap } from './answer.ts'
import type { Comparing } from './comparing.ts'
import { ComparisonEngine } from './engine.ts'

const start = (settings: Partial<MirrorComparison> = {}, limitBytes?: number) => {
  const clock = createFakeClock()
  const memory = new SpareMemory({ isOver: false }, limitBytes)
  const faults: unknown[] = []
  const engine = new ComparisonEngine({ clock, random: () => 0, memory, onFault: (error) => faults.push(error) })
  const { service, endpoints } = backendOf('next')
  const comparison = comparisonOf(settings)
  const mirrorOf = (origin: string): Mirror => {
    return { service, endpoints, numerator: 1, denominator: 1, origin, comparison }
  }
  const first = mirrorOf('0')
  const mirrors = [first, ...['1', '2', '3', '4'].map(mirrorOf)]
  engine.use(mirrors)
  const begin = (mirror = first): Comparing | undefined =>
    engine.begin(mirror, { method: 'GET', path: '/' }, () => true)
  return { clock, memory, faults, engine, mirrors, begin }
}

const answer = (tap: AnswerTap | undefined, body: string, type = 'application/json'): void => {
  const headers = new HeaderList(['content-type', type])
  const bytes = Buffer.from(body)
  tap?.onResponse({ status: 200, reason: 'X', minorVersion: 1, headers, bodyLength: bytes.length, keepAlive: true })
  for (let i = 0; i < bytes.length; i += 7) tap?.onBody(bytes, i, Math.min(i + 7, bytes.length))
  tap?.onEnd(undefined)
}

const settle = async (run: () => boolean): Promise<void> => {
  for (let i = 0; i < 1000 && !run(); i++) await turn()
}

describe('memory is given back', () => {
  const repeating: Partial<MirrorComparison> = { noise: { percent: 100, methods: ['GET'], samples: 1 } }
  const cases: readonly (readonly [string, (comparing: Comparing) => void, string])[] = [
    [
      'when answers have been compared',
      ({ mirror, repeat }) => [mirror, repeat].forEach((tap) => answer(tap, '[1]')),
      'same',
    ],
    [
      'without an answer of the mirror',
      ({ mirror, repeat }) => [mirror, repeat].forEach((tap) => tap?.lose()),
      'unanswered',
    ],
    [
      'when only the primary answers, twice',
      ({ mirror, repeat }) => [() => mirror.lose(), () => answer(repeat, '[1]')].forEach((run) => run()),
      'unanswered',
    ],
    [
      'when one of them is too long',
      ({ mirror, repeat }) => [mirror, repeat].forEach((tap) => answer(tap, '1'.repeat(200))),
      'skipped',
    ],
    [
      'when an answer breaks off',
      ({ mirror, repeat }) => {
        mirror.onBody(Buffer.from('abc'), 0, 3)
        mirror.lose()
        repeat?.lose()
      },
      'unanswered',
    ],
  ]
  for (const [what, then, outcome] of cases) {
    it(what, async () => {
      const { memory, engine, begin, faults } = start({ ...repeating, limitBytes: 100 })
      const comparing = begin()
      assert.ok(comparing !== undefined)
      answer(comparing.primary, '[1]')
      assert.equal(memory.bytes, 3)
      then(comparing)
      const read = () => Object.entries(engine.read()[0]?.outcomes ?? {}).filter(([, count]) => count > 0)
      await settle(() => read().length > 0)
      assert.deepEqual(read(), [[outcome, 1]])
      assert.deepEqual([memory.bytes, faults], [0, []])
    })
  }

  it('when the request is given up, whatever else comes', () => {
    const { memory, engine, begin } = start({ noise: { percent: 100, methods: ['GET'], samples: 1 } })
    const comparing = begin()
    comparing?.mirror.onResponse({
      status: 200,
      reason: '',
      minorVersion: 1,
      headers: new HeaderList(['content-type', 'application/json']),
      bodyLength: 5,
      keepAlive: true,
    })
    comparing?.mirror.onBody(Buffer.from('[1,2]'), 0, 3)
    comparing?.cancel()
    comparing?.mirror.onBody(Buffer.from('[1,2]'), 3, 5)
    comparing?.mirror.onEnd(undefined)
    answer(comparing?.repeat, '[1]')
    assert.deepEqual([memory.bytes, engine.read()[0]?.outcomes.skipped], [0, 1])
  })
})

describe('whoever has not answered in half a minute', () => {
  it('is not waited for any longer: the mirror, and a second answer of the primary', () => {
    const { clock, memory, engine, begin } = start({ noise: { percent: 100, methods: ['GET'], samples: 1 } })
    const comparing = begin()
    answer(comparing?.primary, '[1]')
    clock.advance(29_999)
    assert.equal(engine.read()[0]?.outcomes.unanswered, 0)
    clock.advance(1)
    assert.deepEqual([engine.read()[0]?.outcomes.unanswered, memory.bytes, clock.pending()], [1, 0, 0])
  })

  it('is no difference either when it is the primary', () => {
    const { clock, memory, engine, begin } = start()
    const comparing = begin()
    answer(comparing?.mirror, '[1]')
    clock.advance(30_000)
    assert.deepEqual([engine.read()[0]?.outcomes.skipped, memory.bytes], [1, 0])
    answer(comparing?.primary, '[1]')
    assert.equal(memory.bytes, 0)
  })
})

it('so many are under way at most, of one mirror and of all, and as much of their bodies is kept', () => {
  const { memory, engine, mirrors, begin } = start({}, 1000)
  const all = mirrors.flatMap((mirror) => Array.from({ length: 100 }, () => begin(mirror)))
  assert.deepEqual(
    mirrors.map((_, i) => all.slice(i * 100, i * 100 + 100).filter((one) => one !== undefined).length),
    [64, 64, 64, 64, 0],
  )
  for (const one of all) answer(one?.primary, '[1,2,3]')
  assert.ok(memory.bytes <= 1000)
  for (const one of all) one?.mirror.lose()
  assert.equal(memory.bytes, 0)
  const counts = engine.read().map(({ outcomes }) => outcomes.skipped + outcomes.unanswered)
  assert.deepEqual(counts, [100, 100, 100, 100, 100])
  assert.ok(mirrors.every((mirror) => begin(mirror) !== undefined))
})

it('names and values that are longer than any body should have are not kept whole', async () => {
  const { engine, begin } = start({ limitBytes: 64 * 1024 })
  for (let i = 0; i < 3; i++) {
    const comparing = begin()
    const name = 'n'.repeat(20_000)
    answer(comparing?.primary, JSON.stringify({ [name]: 'v'.repeat(20_000) }))
    answer(comparing?.mirror, JSON.stringify({ [name]: 'w'.repeat(20_000) }))
  }
  await settle(() => engine.read()[0]?.outcomes.different === 3)
  const [found] = engine.read()[0]?.differences ?? []
  assert.equal(found?.count, 3)
  assert.ok(JSON.stringify(found).length < 1000)
})

it('bytes that are not kept are of any length', async () => {
  const { memory, engine, begin } = start({ limitBytes: 10 })
  const comparing = begin()
  answer(comparing?.primary, 'a'.repeat(100), 'image/png')
  answer(comparing?.mirror, `${'a'.repeat(99)}b`, 'image/png')
  assert.equal(memory.bytes, 0)
  await settle(() => engine.read()[0]?.outcomes.different === 1)
  assert.match(engine.read()[0]?.differences[0]?.example.mirror ?? '', /^"100 bytes, SHA-256 [0-9a-f]{16}"$/)
})
