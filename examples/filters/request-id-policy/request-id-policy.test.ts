import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeEnv, runFilter } from 'fairway/filter/testing'
import requestIdPolicy from './request-id-policy.ts'

const config = { keepFrom: ['edge'] }

const idsOf = async (id: string | undefined, namespace: string | undefined, more: object = {}) => {
  const { request, response } = await runFilter(
    requestIdPolicy,
    { ...config, ...more },
    { exchange: { source: { namespace }, headers: id === undefined ? [] : [['X-Request-Id', id]] } },
  )
  return [request.headers.get('x-request-id'), response.headers.get('x-request-id')]
}

test('an id of somebody whose ids are good is kept, and told', async () => {
  assert.deepEqual(await idsOf('abcd-1234', 'edge'), ['abcd-1234', 'abcd-1234'])
})

for (const [what, id, namespace] of [
  ['of somebody else', 'abcd-1234', 'shop'],
  ['of nobody in particular', 'abcd-1234', undefined],
  ['that is missing', undefined, 'edge'],
  ['that is too short', 'abc', 'edge'],
  ['that would leave a log line', 'abcd"\u2028-1234', 'edge'],
] as const) {
  test(`an id ${what} is replaced`, async () => {
    const [sent, told] = await idsOf(id, namespace)
    assert.match(sent ?? '', /^[0-9a-f]{32}$/)
    assert.equal(told, sent)
  })
}

test('ids differ, and depend on chance alone', async () => {
  const env = createFakeEnv({ seed: 7 })
  const first = await runFilter(requestIdPolicy, {}, { env })
  const second = await runFilter(requestIdPolicy, {}, { env })
  const again = await runFilter(requestIdPolicy, {}, { env: createFakeEnv({ seed: 7 }) })
  const id = (outcome: typeof first) => outcome.request.headers.get('x-request-id')
  assert.notEqual(id(first), id(second))
  assert.equal(id(first), id(again))
})

test('the response need not tell', async () => {
  const [sent, told] = await idsOf('abcd-1234', 'edge', { answer: false })
  assert.deepEqual([sent, told], ['abcd-1234', undefined])
})
