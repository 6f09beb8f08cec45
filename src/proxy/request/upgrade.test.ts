import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../http/header-list.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { upgradeOf } from './upgrade.ts'

const headOf = (upgrade: string | undefined, bodyLength = 0): H1RequestHead => ({
  method: 'GET',
  target: '/',
  minorVersion: 1,
  headers: new HeaderList([]),
  host: 'api',
  scheme: 'http',
  bodyLength,
  keepAlive: true,
  expectsContinue: false,
  mayHaveTrace: false,
  upgrade,
})

const cases: readonly (readonly [string | undefined, string | undefined])[] = [
  ['websocket', 'websocket'],
  ['WebSocket', 'WebSocket'],
  ['foo/2', 'foo/2'],
  ['h2c', undefined],
  ['H2C', undefined],
  ['HTTP/2.0', undefined],
  ['TLS/1.2', undefined],
  ['h2c, websocket', 'websocket'],
  ['a, b', 'a, b'],
  ['', undefined],
  [' , ', undefined],
  [undefined, undefined],
]
for (const [upgrade, expected] of cases) {
  test(`of Upgrade ${JSON.stringify(upgrade)}, ${JSON.stringify(expected)} is passed on`, () => {
    assert.equal(upgradeOf(headOf(upgrade)), expected)
  })
}

test('nothing is switched behind a body', () => assert.equal(upgradeOf(headOf('websocket', 5)), undefined))
