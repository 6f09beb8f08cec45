import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isInCidr, parseCidr, parseIp } from './cidr.ts'

const CASES: readonly (readonly [cidr: string, inside: readonly string[], outside: readonly string[]])[] = [
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'], ['9.255.255.255', '11.0.0.0', '::a00:1']],
  ['10.1.2.3/16', ['10.1.0.0', '10.1.255.255'], ['10.2.2.3']],
  ['10.1.2.3', ['10.1.2.3'], ['10.1.2.2']],
  ['10.1.2.8/30', ['10.1.2.8', '10.1.2.11'], ['10.1.2.7', '10.1.2.12']],
  ['0.0.0.0/0', ['1.2.3.4', '255.255.255.255'], ['::1', '2001:db8::1']],
  ['::/0', ['::1', '2001:db8::1'], ['1.2.3.4']],
  ['fd00::/8', ['fd00::1', 'fdff:ffff::'], ['fe00::', '10.0.0.1']],
  ['2001:db8:0:80::/57', ['2001:db8:0:80::1', '2001:db8:0:ff::1'], ['2001:db8:0:7f::1', '2001:db8:0:100::']],
  ['2001:DB8::1', ['2001:db8:0:0::1'], ['2001:db8::2']],
  ['::ffff:10.0.0.0/104', ['10.9.9.9'], ['11.0.0.0', '::1']],
]

for (const [text, inside, outside] of CASES) {
  test(`${text} holds what begins with the same bits, of its own family`, () => {
    const cidr = parseCidr(text)
    assert.ok(cidr !== undefined)
    const isIn = (address: string): boolean => {
      const ip = parseIp(address)
      assert.ok(ip !== undefined, address)
      return isInCidr(ip, cidr)
    }
    for (const address of inside) assert.ok(isIn(address), address)
    for (const address of outside) assert.ok(!isIn(address), address)
  })
}

test('what is no range is refused', () => {
  const texts = ['', '10.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0.0/8/8', '10.0.0.0/', 'fd00::/129']
  for (const text of [...texts, 'fe80::1%eth0', 'example.com', '::ffff:10.0.0.0/8', '010.0.0.1', '1::2::3']) {
    assert.equal(parseCidr(text), undefined, text)
  }
})
