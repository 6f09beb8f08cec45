import assert from 'node:assert/strict'
import test from 'node:test'
import { hostOf, preciseHostname } from './hostname.ts'

for (const name of ['a', 'api.shop', 'api-2.example.com', '1a.example']) {
  test(`${name} is a host name`, () => assert.equal(preciseHostname.decode(name, '').ok, true))
}

for (const name of [
  '',
  '*.example.com',
  'API',
  'a..b',
  '-a',
  'a-',
  'a.',
  '10.0.0.1',
  'fd00::1',
  'a:80',
  'a/b',
  'a\r\n',
  7,
]) {
  test(`${JSON.stringify(name)} is no host name`, () => assert.equal(preciseHostname.decode(name, '').ok, false))
}

const authorities = {
  'api.shop': 'api.shop',
  'api.shop:8080': 'api.shop',
  '[fd00::1]:80': '[fd00::1]',
  '[fd00::1]': '[fd00::1]',
  '': '',
}
for (const [authority, host] of Object.entries(authorities)) {
  test(`the host of ${JSON.stringify(authority)} is ${JSON.stringify(host)}`, () =>
    assert.equal(hostOf(authority), host))
}
