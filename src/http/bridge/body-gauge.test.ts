import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHUNKED, UNTIL_CLOSE } from '../h1/message.ts'
import { BodyGauge } from './body-gauge.ts'

const cases: readonly {
  readonly name: string
  readonly bodyLength: number
  readonly pieces: readonly number[]
  readonly taken: readonly boolean[]
  readonly mayEnd: boolean
}[] = [
  { name: 'a body of its length', bodyLength: 5, pieces: [2, 3], taken: [true, true], mayEnd: true },
  { name: 'a body that is short', bodyLength: 5, pieces: [2, 2], taken: [true, true], mayEnd: false },
  { name: 'a body that is long', bodyLength: 5, pieces: [2, 4], taken: [true, false], mayEnd: false },
  { name: 'a body where none may be', bodyLength: 0, pieces: [1], taken: [false], mayEnd: true },
  { name: 'an empty piece where none may be', bodyLength: 0, pieces: [0], taken: [true], mayEnd: true },
  { name: 'chunks', bodyLength: CHUNKED, pieces: [1, 1e9], taken: [true, true], mayEnd: true },
  { name: 'a body until the close', bodyLength: UNTIL_CLOSE, pieces: [1], taken: [true], mayEnd: true },
]
for (const { name, bodyLength, pieces, taken, mayEnd } of cases) {
  test(name, () => {
    const gauge = new BodyGauge(bodyLength)
    assert.deepEqual(
      pieces.map((bytes) => gauge.take(bytes)),
      taken,
    )
    assert.equal(gauge.mayEnd, mayEnd)
  })
}
