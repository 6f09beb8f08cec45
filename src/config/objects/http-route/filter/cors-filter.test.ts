import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cors } from './cors-filter.ts'

const origins = (...allowOrigins: readonly string[]): unknown => ({ allowOrigins })
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `x-${index}`)

const good: readonly unknown[] = [
  {},
  origins(),
  origins('*'),
  origins('https://example.com', 'http://example.com:8080', 'https://*.example.com', 'http://localhost:1'),
  origins('https://*', 'http://10.0.0.1', 'https://EXAMPLE.com'),
  { allowCredentials: true, allowMethods: ['GET', 'PATCH'], allowHeaders: ['X-A', 'x-b'], exposeHeaders: ['*'] },
  { allowMethods: ['*'], allowHeaders: ['*'], maxAge: 1 },
  { exposeHeaders: ['*', 'x-a'], maxAge: 2_147_483_647 },
  { allowHeaders: many(64) },
  { maxAge: null },
]

const bad: readonly (readonly [written: unknown, path: string, found: string])[] = [
  [origins('*', 'https://a.example'), 'c.allowOrigins', '*, https://a.example'],
  [origins('https://a.example', 'https://a.example'), 'c.allowOrigins', 'https://a.example'],
  ...[
    'example.com',
    'ftp://example.com',
    'https://',
    'https://a.example/',
    'https://a.example/path',
    'https://user@a.example',
    'https://a.*.example',
    'https://*a.example',
    'https://a..example',
    'https://a.example:',
    'https://a.example:0',
    'https://a.example:65536',
    'null',
    '',
  ].map((text): readonly [unknown, string, string] => [
    origins(text),
    'c.allowOrigins[0]',
    // What would be JSON is a text all the same.
    text === 'null' ? '"null"' : text,
  ]),
  [{ allowOrigins: many(65).map((name) => `https://${name}`) }, 'c.allowOrigins', '65 items'],
  [{ allowMethods: ['*', 'GET'] }, 'c.allowMethods', '*, GET'],
  [{ allowMethods: ['get'] }, 'c.allowMethods[0]', 'get'],
  [{ allowHeaders: ['x-a', '*'] }, 'c.allowHeaders', 'x-a, *'],
  [{ allowHeaders: ['a b'] }, 'c.allowHeaders[0]', 'a b'],
  [{ exposeHeaders: many(65) }, 'c.exposeHeaders', '65 items'],
  [{ maxAge: 0 }, 'c.maxAge', '0'],
  [{ maxAge: '5s' }, 'c.maxAge', '5s'],
  [{ allowCredentials: 'true' }, 'c.allowCredentials', '"true"'],
  [{ allowOrigin: ['*'] }, 'c.allowOrigin', 'allowOrigin'],
]

describe('CORS', () => {
  for (const written of good) {
    it(`${JSON.stringify(written).slice(0, 100)} is taken`, () => {
      assert.ok(cors.decode(written, 'c').ok)
    })
  }
  for (const [written, path, found] of bad) {
    it(`${JSON.stringify(written).slice(0, 100)} is refused`, () => {
      const decoded = cors.decode(written, 'c')
      assert.ok(!decoded.ok)
      assert.deepEqual(
        decoded.issues.map((issue) => [issue.path, issue.found]),
        [[path, found]],
      )
    })
  }
})
