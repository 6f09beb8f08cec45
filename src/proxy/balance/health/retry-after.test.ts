import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../../http/header-list.ts'
import { pushbackMs, retryAfterMs } from './retry-after.ts'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 0)

const values: readonly (readonly [string | undefined, number])[] = [
  [undefined, 0],
  ['', 0],
  ['0', 0],
  ['1', 1000],
  ['60', 60_000],
  ['61', 60_000],
  ['999999999', 60_000],
  ['99999999999999999999', 0],
  ['-1', 0],
  ['1.5', 0],
  ['1, 2', 0],
  ['soon', 0],
  ['2025', 60_000],
  ['2025-01-15', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
  ['Sun, 06 Nov 1994 08:48:37 GMT', 0],
  ['Sun, 06 Nov 2094 08:49:37 GMT', 60_000],
  ['Sun, 99 Nov 1994 08:49:37 GMT', 0],
  ['Sun, nonsense', 0],
]
for (const [value, ms] of values) {
  test(`Retry-After ${value ?? 'that is not there'} is ${ms} ms`, () => {
    const headers = new HeaderList(value === undefined ? [] : ['retry-after', value])
    assert.equal(retryAfterMs(headers, NOW), ms)
  })
}

const pushbacks: readonly (readonly [string | undefined, number])[] = [
  [undefined, 0],
  ['0', 0],
  ['250', 250],
  ['100000', 60_000],
  ['-1', 0],
  ['x', 0],
  ['1e3', 0],
]
for (const [value, ms] of pushbacks) {
  test(`grpc-retry-pushback-ms ${value ?? 'that is not there'} is ${ms} ms`, () => {
    const fields = new HeaderList(value === undefined ? [] : ['grpc-retry-pushback-ms', value])
    assert.equal(pushbackMs(fields), ms)
  })
}
