import assert from 'node:assert/strict'
import test from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import responseHeaderModifier from './response-header-modifier.ts'

test('the response is changed, the request is not', async () => {
  const outcome = await runFilter(
    responseHeaderModifier,
    { add: [{ name: 'X-Add', value: 'new' }], set: [{ name: 'server', value: 'us' }], remove: ['X-Gone'] },
    {
      exchange: { headers: [['x-gone', '1']] },
      response: {
        status: 201,
        headers: [
          ['x-add', 'orig'],
          ['Server', 'them'],
          ['x-gone', '2'],
        ],
      },
    },
  )
  assert.deepEqual([...outcome.request.headers], [['x-gone', '1']])
  assert.equal(outcome.response.status, 201)
  assert.deepEqual(
    [...outcome.response.headers],
    [
      ['x-add', 'orig'],
      ['server', 'us'],
      ['x-add', 'new'],
    ],
  )
})

test('the filter of the rule adds to what that of the backend left', async () => {
  const headers = [['x-a', 'app']] as const
  const ofBackend = await runFilter(
    responseHeaderModifier,
    { set: [{ name: 'x-a', value: 'backend' }] },
    { response: { headers } },
  )
  const response = { headers: [...ofBackend.response.headers] }
  const ofRule = await runFilter(responseHeaderModifier, { add: [{ name: 'X-A', value: 'rule' }] }, { response })
  assert.equal(ofRule.response.headers.get('x-a'), 'backend, rule')
})

test('an invalid value is refused', async () => {
  await assert.rejects(runFilter(responseHeaderModifier, { set: [{ name: 'x', value: 'a\nb' }] }), /visible ASCII/)
})
