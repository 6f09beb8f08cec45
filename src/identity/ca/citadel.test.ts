import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCertificateRequest, writeCertificateResponse } from '../../../test/support/ca/ca-wire.ts'
import { decodeCertificateResponse, encodeCertificateRequest } from './citadel.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a request has the field numbers of citadel.proto', () => {
  // Written by hand: field 1 "csr", field 3 as varint 86400, no field 4.
  assert.equal(
    hex(encodeCertificateRequest({ csr: 'csr', validitySeconds: 86_400, metadata: {} })),
    '0a0363737218 80a305'.replace(' ', ''),
  )
})

test('a request carries strings in its Struct', () => {
  const message = { csr: 'c', validitySeconds: 1, metadata: { CertSigner: 'example.com/signer', Other: '' } }
  assert.deepEqual(readCertificateRequest(encodeCertificateRequest(message)), message)
  // google.protobuf.Struct: fields = 1, key = 1, value = 2, string_value = 3.
  const one = hex(encodeCertificateRequest({ csr: '', validitySeconds: 0, metadata: { a: 'b' } }))
  assert.equal(one, '0a001800220a0a080a016112031a0162')
})

test('an answer is read in its order, and what is not known is skipped', () => {
  const chain = ['leaf', 'intermediate', 'roots']
  assert.deepEqual(decodeCertificateResponse(writeCertificateResponse(chain)), chain)
  const strange = Buffer.concat([Buffer.from('1205616263646518010801', 'hex'), writeCertificateResponse(['leaf'])])
  assert.deepEqual(decodeCertificateResponse(strange), ['leaf'])
  assert.deepEqual(decodeCertificateResponse(Buffer.alloc(0)), [])
})

test('bytes that are no message are refused', () => {
  assert.throws(() => decodeCertificateResponse(Buffer.from('0a05616263', 'hex')))
})
