import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { composeChain, createExchange, createFakeEnv, runChain, runFilter } from 'fairway/filter/testing'
import lookupFromFile from './lookup-from-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lookup-'))
after(() => rmSync(folder, { recursive: true }))

const file = path.join(folder, 'tiers.json')
const config = { file, from: 'x-customer', to: 'x-tier' }

/** One filter that lives on, as in a waypoint. */
const start = (more: { readonly fallback?: string } = {}) => {
  const env = createFakeEnv()
  const filter = lookupFromFile.create({ ...config, everySeconds: 5, ...more }, env)
  const chain = composeChain([{ stage: lookupFromFile.stage, filter }])
  const tierOf = async (customer: string): Promise<string | undefined> => {
    const exchange = createExchange({
      headers: [
        ['x-customer', customer],
        ['x-tier', 'what-the-client-says'],
      ],
    })
    return (await runChain(chain, exchange)).request.headers.get('x-tier')
  }
  return { env, tierOf }
}

test('what is found is set, and what is not leaves nothing behind', async () => {
  writeFileSync(file, '{"ann":"gold"}')
  const { tierOf } = start()
  assert.equal(await tierOf('ann'), 'gold')
  assert.equal(await tierOf('bob'), undefined)
  assert.equal(await tierOf('constructor'), undefined)
  assert.equal(await start({ fallback: 'basic' }).tierOf('bob'), 'basic')
})

test('a change is seen at the next look, and not before', async () => {
  writeFileSync(file, '{"ann":"gold"}')
  const { env, tierOf } = start()
  writeFileSync(file, '{"ann":"platinum","bob":"silver"}')
  env.advance(4999)
  assert.equal(await tierOf('ann'), 'gold')
  env.advance(1)
  assert.equal(await tierOf('ann'), 'platinum')
  assert.deepEqual(env.logged, [`info: ${file} is read anew: 2 entries`])
})

for (const [what, content, pattern] of [
  ['no JSON', '{"ann":', /stays as it was: .*JSON/],
  ['no table', '{"ann":{"tier":"gold"}}', /stays as it was: ann: found .*, expected a string/],
] as const) {
  test(`a file that is ${what} changes nothing, and is told of once`, async () => {
    writeFileSync(file, '{"ann":"gold"}')
    const { env, tierOf } = start()
    writeFileSync(file, content)
    env.advance(5000)
    assert.equal(await tierOf('ann'), 'gold')
    env.advance(5000)
    assert.equal(await tierOf('ann'), 'gold')
    assert.equal(env.logged.length, 1)
    assert.match(env.logged[0] ?? '', pattern)
  })
}

test('a file that is gone changes nothing either', async () => {
  writeFileSync(file, '{"ann":"gold"}')
  const { env, tierOf } = start()
  rmSync(file)
  env.advance(5000)
  assert.equal(await tierOf('ann'), 'gold')
  assert.match(env.logged[0] ?? '', /warn: .*ENOENT/)
})

test('without a good first table the filter does not start', async () => {
  await assert.rejects(runFilter(lookupFromFile, { ...config, file: path.join(folder, 'nothing.json') }), /ENOENT/)
})
