import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { readSigningRequest } from '../../../test/support/ca/signing-request.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { createSigningRequest } from './csr.ts'

const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'waypoint' })
const makeKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

test('a signing request names the identity and the key, and is signed by it', () => {
  const keys = makeKeys()
  const request = readSigningRequest(createSigningRequest(identity, keys))
  assert.deepEqual(request.uris, [identity])
  assert.equal(request.publicKey.equals(keys.publicKey), true)
})

test('a signing request by another key is none', () => {
  const pem = createSigningRequest(identity, { publicKey: makeKeys().publicKey, privateKey: makeKeys().privateKey })
  assert.throws(() => readSigningRequest(pem), /the signature is wrong/)
})
