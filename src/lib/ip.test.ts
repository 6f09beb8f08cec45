import assert from 'node:assert/strict'
import { it } from 'node:test'
import { canonicalIp, joinHostPort } from './ip.ts'

const cases: readonly (readonly [string, string | undefined])[] = [
  ['10.0.3.7', '10.0.3.7'],
  ['010.0.3.7', undefined],
  ['10.0.3', undefined],
  ['FD00:0:0:0::12', 'fd00::12'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ['[fd00::1]', undefined],
  ['fe80::1%eth0', undefined],
  ['example.com', undefined],
  ['', undefined],
]
for (const [text, wanted] of cases) {
  it(`${text === '' ? 'nothing' : text} is ${wanted ?? 'no address'}`, () => {
    assert.equal(canonicalIp(text), wanted)
  })
}

it('a port is written behind its host, IPv6 in brackets', () => {
  const written = ['10.0.3.7', 'fd00::12', 'api.shop'].map((host) => joinHostPort(host, 80))
  assert.deepEqual(written, ['10.0.3.7:80', '[fd00::12]:80', 'api.shop:80'])
})
