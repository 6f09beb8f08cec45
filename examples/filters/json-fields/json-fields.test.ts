import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import jsonFields from './json-fields.ts'

const config = {
  remove: ['internalId', 'items.cost', 'user.address.street'],
  rename: { 'user.mail': 'email' },
  set: { apiVersion: 2 },
}

/** What comes of a body, in two pieces. */
const pass = async (body: string, contentType = 'application/json; charset=utf-8') => {
  const pieces = [body.slice(0, 3), body.slice(3)]
  const response = { headers: [['content-type', contentType] as const], body: pieces }
  const { responseBody, reply } = await runFilter(jsonFields, config, { response })
  return reply === undefined ? responseBody.toString() : `${reply.status} ${reply.reason}`
}

const rewrite = async (value: unknown): Promise<unknown> => JSON.parse(await pass(JSON.stringify(value)))

const cases: readonly (readonly [what: string, before: unknown, after: unknown])[] = [
  ['fields go, wherever they stand', { internalId: 7, id: 1 }, { id: 1, apiVersion: 2 }],
  [
    'lists are gone through',
    { items: [{ cost: 1, price: 2 }, { price: 3 }, 'free'] },
    { items: [{ price: 2 }, { price: 3 }, 'free'], apiVersion: 2 },
  ],
  ['so are lists at the top', [{ internalId: 1 }, {}], [{ apiVersion: 2 }, { apiVersion: 2 }]],
  [
    'objects inside of objects',
    { user: { mail: 'a@b', address: { street: 'x', town: 'y' } } },
    { user: { email: 'a@b', address: { town: 'y' } }, apiVersion: 2 },
  ],
  ['what is not there stays away', { user: null, items: 'none' }, { user: null, items: 'none', apiVersion: 2 }],
  ['what is no object has no fields', 'text', 'text'],
]
for (const [what, before, after] of cases) {
  test(what, async () => assert.deepEqual(await rewrite(before), after))
}

test('a field called __proto__ is a field', async () => {
  assert.equal(await pass('{"__proto__":{"internalId":1}}'), '{"__proto__":{"internalId":1},"apiVersion":2}')
})

for (const [type, body, after] of [
  ['application/json', '{"internalId":', '502 unreadable_json'],
  ['application/problem+json', '{}', '{"apiVersion":2}'],
  ['text/html', '{}', '{}'],
  ['application/jsonp', '{}', '{}'],
] as const) {
  test(`${body} in ${type} comes to ${after}`, async () => assert.equal(await pass(body, type), after))
}

test('a path that leads nowhere is refused', async () => {
  await assert.rejects(runFilter(jsonFields, { remove: ['user..mail'] }), /names with dots/)
})
