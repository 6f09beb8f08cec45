import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGrpcTimeout } from './grpc-timeout.ts'

const cases: Readonly<Record<string, number | undefined>> = {
  '1S': 1000,
  '2H': 7_200_000,
  '3M': 180_000,
  '250m': 250,
  '1500u': 1.5,
  '0n': 0,
  '99999999S': 99_999_999_000,
  '100000000S': undefined,
  '1s': undefined,
  '-1S': undefined,
  '1.5S': undefined,
  S: undefined,
  '1': undefined,
  ' 1S': undefined,
  '': undefined,
}
for (const [value, expected] of Object.entries(cases)) {
  test(`grpc-timeout: ${JSON.stringify(value)} is ${expected} ms`, () => {
    assert.equal(parseGrpcTimeout(value), expected)
  })
}
