import assert from 'node:assert/strict'
import { parseForwarded } from '../../../src/proxy/hbone/forwarded.ts'
import { textMutator } from '../mutate/text.ts'
import type { FuzzTarget } from '../engine/target.ts'

/** Whatever stands in `forwarded`, what is taken from it looks like an address and a lower-case name, or is nothing. */
export const forwardedTarget: FuzzTarget = {
  name: 'forwarded',
  format: 'text',
  maxInputBytes: 65_536,
  shortRounds: 500,
  seeds: () =>
    ['for="10.0.0.7:40312";host=api.shop.svc.cluster.local', 'for="[2001:db8::1]:80";by=_x', 'For=unknown, for=a'].map(
      (text) => Buffer.from(text),
    ),
  mutate: textMutator([
    ...['for=', 'host=', 'by=', 'proto=https', '"', '\\"', '\\', ';', ',', '=', '[', ']', ':', '::1', '1.2.3.4', ' '],
    ...['for="[', 'HOST="A.b"', '"a\\'],
  ]),
  check: (input) => {
    const text = input.toString('latin1')
    const { address, host } = parseForwarded(text)
    if (address !== undefined) assert.match(address, /^[0-9a-f:.]+$/)
    if (host !== undefined) assert.ok(host !== '' && host === host.toLowerCase())
    // A second element is another hop's and must not speak for the first.
    if (!text.includes('"')) assert.deepEqual(parseForwarded(`${text},for=9.9.9.9;host=z`), { address, host })
    return `${address === undefined ? '' : address.includes(':') ? 6 : 4} ${host === undefined}`
  },
}
