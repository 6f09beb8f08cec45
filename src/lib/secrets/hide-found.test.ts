import assert from 'node:assert/strict'
import { it } from 'node:test'
import { hideFound } from './hide-found.ts'

const root = {
  spec: {
    headers: [
      { name: 'Authorization', value: '[hunter2' },
      { name: 'x-user', value: '[ann' },
    ],
    password: 5,
  },
}

const cases: readonly (readonly [path: string, found: string, shown: string])[] = [
  ['spec.headers[0].value', '[hunter2', '(not shown)'],
  ['spec.headers[0].name', 'Authorization', 'Authorization'],
  ['spec.headers[1].value', '[ann', '[ann'],
  ['spec.password', 'hunter2', '(not shown)'],
  ['spec.password', 'nothing', 'nothing'],
  ['spec.password', 'password', 'password'],
  ['data["tls.key"]', 'hunter2', '(not shown)'],
  ['spec.url', 'https://ann:hunter2@db/', 'https://(hidden)@db/'],
  ['', 'hunter2', 'hunter2'],
  ['spec.rules[0].when[0].key', 'source.namspace', 'source.namspace'],
  ['spec.limits[0].key[0].type', 'Heder', 'Heder'],
  ['spec.config.key', 'hunter2', '(not shown)'],
  ['spec.config.redis.key', 'hunter2', '(not shown)'],
  ['spec.apiKey', 'hunter2', '(not shown)'],
]
for (const [path, found, shown] of cases) {
  it(`${path} ${found}: ${shown}`, () => {
    assert.deepEqual(hideFound({ message: 'm', path, found }, root), { message: 'm', path, found: shown })
  })
}

it('the part of an expression that a message quotes is left out too', () => {
  const issue = { message: 'missing closing ]: `[hunter2`', path: 'spec.headers[0].value', found: '[hunter2' }
  assert.deepEqual(hideFound(issue, root), { ...issue, message: 'missing closing ]', found: '(not shown)' })
})
