import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../../../test/support/fake-clock.ts'
import { createTestKey, keySetOf } from '../../../../../test/support/jwt/test-keys.ts'
import type { FetchedText } from './fetch-text.ts'
import { KeyRing, type KeyNews } from './key-ring.ts'

const one = createTestKey('one', 'ES256')
const two = createTestKey('two', 'ES256')
const MINUTE = 60_000

const setUp = (answers: Partial<FetchedText> | Error = { text: keySetOf(one) }) => {
  const clock = createFakeClock()
  const asked: string[] = []
  const news: KeyNews[] = []
  const issuer = { answer: answers }
  const counters = { jwksFetches: 0, jwksFetchFailures: 0 }
  const ring = new KeyRing(
    { kind: 'uri', uri: 'https://id.test/keys', timeoutMs: 5000 },
    {
      clock,
      random: () => 0,
      counters,
      onNews: (told) => news.push(told),
      fetchText: (url) => {
        asked.push(url)
        const { answer } = issuer
        if (answer instanceof Error) return Promise.reject(answer)
        return Promise.resolve({ text: '', maxAgeMs: undefined, ...answer })
      },
    },
  )
  const find = async (kid: string): Promise<readonly string[] | undefined> =>
    (await ring.find({ kid, alg: 'ES256' }))?.map((key) => key.kid ?? '')
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { ring, clock, issuer, asked, news, counters, find, pass }
}

it('keys are fetched once for all who want them at a time', async () => {
  const { find, asked } = setUp()
  assert.deepEqual(await Promise.all([find('one'), find('one')]), [['one'], ['one']])
  assert.deepEqual(asked, ['https://id.test/keys'])
})

it('a key that is there is found without waiting', async () => {
  const { ring, find } = setUp()
  await find('one')
  assert.ok(Array.isArray(ring.find({ kid: 'one', alg: 'ES256' })))
})

it('keys are fetched again before they are old: after 16 of 20 minutes', async () => {
  const { find, asked, pass } = setUp()
  await find('one')
  await pass(16 * MINUTE - 1)
  assert.equal(asked.length, 1)
  await pass(1)
  assert.equal(asked.length, 2)
})

const ages: readonly (readonly [maxAgeMs: number, refreshMs: number])[] = [
  [10 * MINUTE, 8 * MINUTE],
  [0, 0.8 * MINUTE],
  [24 * 60 * MINUTE, 48 * MINUTE],
]
for (const [maxAgeMs, refreshMs] of ages) {
  it(`those that may be kept for ${maxAgeMs / MINUTE} min are fetched again after ${refreshMs / MINUTE} min`, async () => {
    const { find, asked, pass } = setUp({ text: keySetOf(one), maxAgeMs })
    await find('one')
    await pass(refreshMs - 1)
    assert.equal(asked.length, 1)
    await pass(1)
    assert.equal(asked.length, 2)
  })
}

it('when the issuer is down the keys stay, and it is asked after 1, 2, 4 s and at last each minute', async () => {
  const { find, issuer, asked, news, pass, counters } = setUp()
  await find('one')
  issuer.answer = new Error('down')
  await pass(16 * MINUTE)
  assert.deepEqual(await find('one'), ['one'])
  for (const waitS of [1, 2, 4, 8, 16, 32, 60, 60]) {
    const before = asked.length
    await pass(waitS * 1000 - 1)
    assert.equal(asked.length, before)
    await pass(1)
    assert.equal(asked.length, before + 1)
  }
  assert.deepEqual(await find('one'), ['one'])
  assert.equal(counters.jwksFetchFailures, 9)
  assert.deepEqual(news[0], { source: 'https://id.test/keys', failure: 'down', hasKeys: true })
  issuer.answer = { text: keySetOf(two) }
  await pass(MINUTE)
  assert.deepEqual(await find('two'), ['two'])
  assert.deepEqual(news.at(-1), { source: 'https://id.test/keys', failure: undefined, hasKeys: true })
})

it('when the issuer is down from the start nobody waits between two attempts, and it recovers by itself', async () => {
  const { find, ring, issuer, asked, news, pass } = setUp(new Error('down'))
  assert.equal(await find('one'), undefined)
  assert.equal(ring.find({ kid: 'one', alg: 'ES256' }), undefined)
  assert.equal(asked.length, 1)
  assert.deepEqual(news, [{ source: 'https://id.test/keys', failure: 'down', hasKeys: false }])
  issuer.answer = { text: keySetOf(one) }
  await pass(1000)
  assert.deepEqual(await find('one'), ['one'])
})

it('an unknown key is asked for at once, three times, and then once in 30 s', async () => {
  const { find, issuer, asked, pass } = setUp()
  await find('one')
  issuer.answer = { text: keySetOf(one, two) }
  assert.deepEqual(await find('two'), ['two'])
  assert.equal(asked.length, 2)
  for (let i = 0; i < 20; i++) assert.deepEqual(await find(`made up ${i}`), [])
  assert.equal(asked.length, 4)
  await pass(29_999)
  await find('made up')
  assert.equal(asked.length, 4)
  await pass(1)
  await find('made up')
  await find('made up')
  assert.equal(asked.length, 5)
})

it('a key that the issuer has no more is retired, and one that stays is the same', async () => {
  const { ring, find, issuer, pass } = setUp({ text: keySetOf(one, two) })
  await find('one')
  const before = ring.find({ kid: undefined, alg: 'ES256' })
  assert.ok(Array.isArray(before))
  issuer.answer = { text: keySetOf(two) }
  await pass(16 * MINUTE)
  assert.deepEqual(
    before.map(({ isRetired }) => isRetired),
    [true, false],
  )
  assert.deepEqual(ring.find({ kid: 'two', alg: 'ES256' }), [before[1]])
})

for (const text of [
  '',
  'x',
  '[]',
  '{}',
  '{"keys":{}}',
  '{"keys":[]}',
  '{"keys":[{"kty":"oct","k":"eA"}]}',
  '{"keys":[1]}',
]) {
  it(`${text === '' ? 'nothing' : text} is no set of keys: those that are there stay`, async () => {
    const { find, issuer, news, pass } = setUp()
    await find('one')
    issuer.answer = { text }
    await pass(16 * MINUTE)
    assert.deepEqual(await find('one'), ['one'])
    assert.match(news.at(-1)?.failure ?? '', /gave no key that signs tokens/)
  })
}

it('what is closed asks nobody', async () => {
  const { ring, find, asked, pass } = setUp()
  await find('one')
  ring.close()
  await pass(60 * MINUTE)
  assert.equal(asked.length, 1)
})

it('keys are got ahead of the first token', async () => {
  const { ring, asked, pass } = setUp()
  ring.prepare()
  await pass(0)
  ring.prepare()
  assert.equal(asked.length, 1)
  assert.ok(Array.isArray(ring.find({ kid: 'one', alg: 'ES256' })))
})
