import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createExchange, createFakeEnv, runFilter } from 'fairway/filter/testing'
import jsonFields from './json-fields.ts'

const config = {
  remove: ['internalId', 'items.cost', 'user.address.street'],
  rename: { 'user.mail': 'email' },
  set: { apiVersion: 2 },
}

/** What comes of a whole body. */
const pass = (body: string, contentType: string | undefined = 'application/json; charset=utf-8') => {
  const { headers } = createExchange({ headers: [['content-type', contentType]] }).request
  const filter = jsonFields.create(config, createFakeEnv())
  const transform = filter.transformResponse?.({ ...createExchange(), response: { status: 200, headers } })
  return typeof transform === 'function' ? transform(Buffer.from(body), true) : undefined
}

const rewrite = (value: unknown): unknown => {
  const out = pass(JSON.stringify(value))
  assert.ok(typeof out === 'string')
  return JSON.parse(out)
}

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
for (const [what, before, after] of cases) test(what, () => assert.deepEqual(rewrite(before), after))

test('a field called __proto__ is a field', () => {
  assert.equal(pass('{"__proto__":{"internalId":1}}'), '{"__proto__":{"internalId":1},"apiVersion":2}')
})

test('what says that it is JSON and is none is not passed on', () => {
  assert.partialDeepStrictEqual(pass('{"internalId":'), { kind: 'reply', status: 502, reason: 'unreadable_json' })
})

for (const type of ['text/html', 'application/jsonp']) {
  test(`${type} is left alone`, () => assert.equal(pass('{}', type), undefined))
}
test('a media type that ends with +json is JSON', () => {
  assert.equal(pass('{}', 'application/problem+json'), '{"apiVersion":2}')
})

test('a path that leads nowhere is refused', async () => {
  await assert.rejects(runFilter(jsonFields, { remove: ['user..mail'] }), /names with dots/)
})
