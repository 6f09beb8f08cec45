import assert from 'node:assert/strict'
import test from 'node:test'
import { corsOrigin, createOriginMatcher } from './origins.ts'

const lists: readonly (readonly [allowed: readonly string[], yes: readonly string[], no: readonly string[]])[] = [
  [[], [], ['https://a.com', 'null', '*', '']],
  [
    ['https://www.foo.com'],
    ['https://www.foo.com', 'https://www.foo.com:443', 'https://www.foo.com:0443', 'HTTPS://WWW.Foo.com'],
    [
      'http://www.foo.com',
      'https://foo.com',
      'https://a.www.foo.com',
      'https://www.foo.com:8443',
      'https://www.foo.com:80',
      'https://www.foo.com:',
      'https://www.foo.com/',
      'https://www.foo.com.',
      'https://www.foo.com.evil.example',
      'https://evil@www.foo.com',
      'https://www.foo.com, https://www.foo.com',
      'https://www.foo.com https://www.foo.com',
      ' https://www.foo.com',
      'www.foo.com',
      'null',
      '*',
      '',
    ],
  ],
  [['http://foo.com'], ['http://foo.com', 'http://foo.com:80'], ['http://foo.com:443', 'https://foo.com']],
  [['https://foo.com:443'], ['https://foo.com', 'https://foo.com:443'], ['https://foo.com:4430']],
  [['http://foo.com:80'], ['http://foo.com'], ['https://foo.com']],
  [['https://foo.com:80'], ['https://foo.com:80'], ['https://foo.com', 'http://foo.com']],
  [['http://foo.com:8080'], ['http://foo.com:8080'], ['http://foo.com', 'http://foo.com:80']],
  [['https://Foo.com'], ['https://foo.com', 'https://FOO.com'], []],
  [
    ['https://*.bar.com'],
    ['https://www.bar.com', 'https://xpto.www.bar.com', 'https://a_b.bar.com', 'https://www.bar.com:443'],
    [
      'https://bar.com',
      'https://.bar.com',
      'https://evilbar.com',
      'http://www.bar.com',
      'https://www.bar.com:8443',
      'https://evil.example/.bar.com',
      'https://evil.example#.bar.com',
      'https://evil.example?.bar.com',
      'https://evil.example:443.bar.com',
      'https://evil.example\\.bar.com',
      'https://evil.example, https://www.bar.com',
      'https://*.bar.com',
    ],
  ],
  [['http://*.bar.com:3000'], ['http://a.bar.com:3000'], ['http://a.bar.com', 'http://a.bar.com:30000']],
  [
    ['https://*'],
    ['https://a', 'https://a.b.c', 'https://10.0.0.1', 'https://[fd00::1]'],
    ['http://a', 'https://a:8443', 'https://', 'null', 'https://a b'],
  ],
  [['http://*:8080'], ['http://a.b:8080', 'http://localhost:8080'], ['http://a.b', 'https://a.b:8080']],
  [
    ['http://localhost:3000', 'https://*.bar.com'],
    ['http://localhost:3000', 'https://a.bar.com'],
    ['http://a.bar.com'],
  ],
  [
    ['*'],
    [
      'https://a',
      'http://a:1',
      'null',
      'chrome-extension://abc',
      'capacitor://localhost',
      'file://',
      'http://[::1]:80',
    ],
    ['*', '', 'a', 'https://a, https://b', 'https://a https://b', 'https://a/b', 'https://u@a', 'http://a\u00e4'],
  ],
]
for (const [allowed, yes, no] of lists) {
  const isAllowed = createOriginMatcher(allowed)
  const name = allowed.length === 0 ? 'nobody' : allowed.join(' ')
  for (const origin of yes) test(`${name}: ${JSON.stringify(origin)} is allowed`, () => assert.ok(isAllowed(origin)))
  for (const origin of no) test(`${name}: ${JSON.stringify(origin)} is not`, () => assert.ok(!isAllowed(origin)))
}

for (const origin of ['*', 'https://*', 'http://*:1', 'https://*.a.b:65535', 'http://a', 'https://A-1.b.c']) {
  test(`${origin} can be configured`, () => assert.ok(corsOrigin.decode(origin, 'o').ok))
}

for (const origin of [
  '',
  'a.b',
  'null',
  'ftp://a',
  'HTTPS://a',
  'https://',
  'https://a/',
  'https://a.*.b',
  'https://*a.b',
  'https://**.a',
  'https://*.',
  'https://a..b',
  'https://a:0',
  'https://a:65536',
  'https://a:',
  'https://a_b',
  'https://[::1]',
  'https://u@a',
  'https://a\n',
  `https://${'a'.repeat(250)}`,
  7,
]) {
  test(`${JSON.stringify(origin)} cannot`, () => assert.ok(!corsOrigin.decode(origin, 'o').ok))
}

test('a very long hostile origin is refused at once', () => {
  const isAllowed = createOriginMatcher(['https://*.bar.com'])
  assert.ok(!isAllowed(`https://${'a.'.repeat(30_000)}!`))
  assert.ok(!isAllowed(`https://${'a'.repeat(60_000)}!`))
})
