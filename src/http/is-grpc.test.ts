import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGrpcContentType } from './is-grpc.ts'

const cases: readonly (readonly [string | undefined, boolean])[] = [
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc;charset=utf-8', true],
  ['application/grpc ; charset=utf-8', true],
  ['application/grpc-web', false],
  ['application/grpc-web+proto', false],
  ['application/grpc-web-text', false],
  ['application/grpcx', false],
  ['application/json', false],
  ['', false],
  [undefined, false],
]

for (const [value, expected] of cases) {
  test(`${value} is ${expected ? '' : 'not '}gRPC`, () => assert.equal(isGrpcContentType(value), expected))
}
