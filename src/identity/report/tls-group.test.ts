import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupOfClient, groupOfServer } from './tls-group.ts'

const servers: readonly (readonly [groups: string | undefined, group: string])[] = [
  [undefined, 'unknown'],
  ['', 'unknown'],
  ['X25519MLKEM768', 'X25519MLKEM768'],
  ['prime256v1', 'P-256'],
  ['P-256', 'P-256'],
  ['X25519MLKEM768:X25519', 'unknown'],
]
for (const [groups, group] of servers) {
  test(`a server with the groups ${groups} agrees on ${group}`, () => assert.equal(groupOfServer(groups), group))
}

// As Node 26 has them; it gives null where there is none, whatever its types say.
const clients: readonly (readonly [info: object | null, group: string])[] = [
  [{ type: 'TLSGroup', name: 'X25519MLKEM768', size: undefined }, 'X25519MLKEM768'],
  [{ type: 'ECDH', name: 'prime256v1', size: 256 }, 'P-256'],
  [{ type: 'ECDH', name: 'X25519', size: 253 }, 'X25519'],
  [{ type: 'DH', size: 2048 }, 'unknown'],
  [{}, 'unknown'],
  [null, 'unknown'],
]
for (const [info, group] of clients) {
  test(`a client that is told ${JSON.stringify(info)} has agreed on ${group}`, () => {
    assert.equal(groupOfClient({ getEphemeralKeyInfo: () => info }), group)
  })
}
