import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { formatPem } from '../../../src/identity/pem.ts'
import { decodeCrls } from '../../../src/identity/trust/crl.ts'
import type { FuzzTarget } from '../engine/target.ts'
import { mutateBytes } from '../mutate/bytes.ts'

/** A list of nobody, signed by nobody. */
const SMALLEST = Buffer.from(
  '303a3028300a06082a8648ce3d040302300c310a3008060355040313014d170d3236303130313030303030305a300a06082a8648ce3d040302030200aa',
  'hex',
)

const STRANGER = createPublicKey({
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
    y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
  },
  format: 'jwk',
})

/** What is taken for a list names those whose serial numbers stand in it, and is signed by no other key. */
export const crlTarget: FuzzTarget = {
  name: 'crl',
  format: 'hex',
  maxInputBytes: 2048,
  shortRounds: 1500,
  seeds: () => [SMALLEST],
  mutate: mutateBytes,
  check: (input) => {
    const decoded = decodeCrls(formatPem('X509 CRL', input))
    if (!decoded.ok) return decoded.issues.map(({ message }) => message.replace(/\d+/g, 'n')).join()
    const [list, ...others] = decoded.value
    assert.ok(list !== undefined && others.length === 0)
    assert.equal(list.isSignedBy(STRANGER), false)
    assert.ok(list.nextUpdateMs === undefined || Number.isFinite(list.nextUpdateMs))
    const text = input.toString('latin1')
    assert.ok(text.includes(list.issuer))
    for (const serial of list.revoked) {
      if (serial.length < 0x80) assert.ok(text.includes(`\x02${String.fromCodePoint(serial.length)}${serial}`))
    }
    return `${list.revoked.size} ${list.nextUpdateMs === undefined} ${list.issuerKeyId?.length}`
  },
}
