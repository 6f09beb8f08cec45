import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { lookUpName, NameWatch, type NameAddresses } from './name-watch.ts'

const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

const start = () => {
  const clock = createFakeClock()
  const asked: string[] = []
  const answers = new Map<string, readonly string[] | 'fails'>()
  const open: (() => void)[] = []
  const seen: NameAddresses[] = []
  let isHeld = false
  const watch = new NameWatch({
    clock,
    lookup: async (name) => {
      asked.push(name)
      if (isHeld) await new Promise<void>((resolve) => open.push(resolve))
      const answer = answers.get(name) ?? 'fails'
      if (answer === 'fails') throw new Error('ENOTFOUND')
      return answer
    },
    onChange: (names) => seen.push(names),
  })
  const pass = async (ms: number): Promise<void> => {
    await turns()
    clock.advance(ms)
    await turns()
    clock.advance(20)
    await turns()
  }
  return { watch, asked, answers, open, seen, pass, hold: () => (isHeld = true) }
}

describe('host names that are watched', () => {
  it('have the addresses of IPv4, or else of IPv6, sorted, all told of at once', async () => {
    const { watch, answers, seen, pass } = start()
    answers.set('a', ['192.0.2.9', '2001:DB8::1', '192.0.2.1']).set('b', ['2001:DB8::2'])
    watch.want(['a', 'b'])
    await pass(0)
    assert.equal(seen.length, 1)
    const [names] = seen
    assert.deepEqual(
      [names?.get('a'), names?.get('b'), names?.get('c')],
      [['192.0.2.1', '192.0.2.9'], ['2001:db8::2'], undefined],
    )
  })

  it('are asked about every half minute, and told of only when they have changed', async () => {
    const { watch, asked, answers, seen, pass } = start()
    answers.set('a', ['192.0.2.1', '192.0.2.2'])
    watch.want(['a'])
    await pass(0)
    answers.set('a', ['192.0.2.2', '192.0.2.1'])
    await pass(30_000)
    assert.deepEqual([asked.length, seen.length], [2, 1])
    answers.set('a', ['192.0.2.3'])
    await pass(30_000)
    assert.deepEqual([asked.length, seen.at(-1)?.get('a')], [3, ['192.0.2.3']])
  })

  it('keep what they had when there is no answer, or an empty one, and are asked again soon', async () => {
    const { watch, asked, answers, seen, pass } = start()
    answers.set('a', ['192.0.2.1'])
    watch.want(['a', 'never'])
    await pass(0)
    assert.deepEqual(seen.at(-1)?.get('never'), [])
    const told = seen.length
    for (const answer of ['fails', []] as const) {
      answers.set('a', answer)
      await pass(30_000)
    }
    assert.equal(seen.length, told)
    const before = asked.length
    answers.set('a', ['192.0.2.5'])
    await pass(300_000)
    assert.ok(asked.slice(before).includes('a'))
    assert.deepEqual(seen.at(-1)?.get('a'), ['192.0.2.5'])
  })

  it('are asked about less and less while they fail', async () => {
    const { watch, asked, pass } = start()
    watch.want(['never'])
    const counts: number[] = []
    for (let i = 0; i < 12; i++) {
      await pass(60_000)
      counts.push(asked.length)
    }
    // After 0, 5, 15, 35, 75, 155, 315 and 615 s.
    assert.ok((counts[0] ?? 0) >= 2 && (counts[11] ?? 99) <= 9, counts.join())
    assert.ok((counts[11] ?? 0) - (counts[6] ?? 0) <= 1, counts.join())
  })

  it('are asked about two at a time', async () => {
    const { watch, asked, open, pass, hold } = start()
    hold()
    watch.want(['a', 'b', 'c', 'd'])
    await pass(0)
    assert.deepEqual(asked, ['a', 'b'])
    open.shift()?.()
    await pass(0)
    assert.deepEqual(asked, ['a', 'b', 'c'])
  })

  it('are forgotten when nobody wants them any more', async () => {
    const { watch, asked, answers, seen, pass } = start()
    answers.set('a', ['192.0.2.1'])
    watch.want(['a'])
    await pass(0)
    watch.want([])
    await pass(60_000)
    assert.deepEqual([asked.length, seen.length], [1, 1])
    watch.want(['a'])
    await pass(0)
    assert.equal(asked.length, 2)
    watch.close()
  })
})

it('the system knows this machine', async () => {
  const found = await lookUpName('localhost').catch((): readonly string[] => [])
  assert.ok(found.length === 0 || found.includes('127.0.0.1') || found.includes('::1'), found.join())
})
