import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatDuration, parseDuration } from './duration.ts'

describe('a duration', () => {
  const good: readonly (readonly [text: string, durationMs: number, shortest?: string])[] = [
    ['0s', 0],
    ['0h', 0, '0s'],
    ['1ms', 1],
    ['500ms', 500],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1h2m3s4ms', 3_723_004],
    ['90s', 90_000, '1m30s'],
    ['00010s', 10_000, '10s'],
    ['99999h', 359_996_400_000],
    ['1500ms', 1500, '1s500ms'],
    // The pattern of the GEP does not ask for an order, nor that each unit comes once.
    ['5s1h', 3_605_000, '1h5s'],
    ['1s1s1s1s', 4000, '4s'],
  ]
  for (const [text, durationMs, shortest = text] of good) {
    it(`${text} is ${durationMs} ms`, () => {
      assert.equal(parseDuration(text), durationMs)
      assert.equal(formatDuration(durationMs), shortest)
    })
  }

  const bad = [
    ...['', '0', '10', 's', '-1s', '+1s', '1.5s', '1 s', ' 1s', '1s ', '1s\n', '1S', '1d', '1us', '1µs', '1ns'],
    ...['123456s', '1h1m1s1ms1s', '1h1', 'h1', '1,5s', '1e3s', '0x1s', '١s', 'Infinitys', '1msm'],
  ]
  for (const text of bad) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseDuration(text), undefined))
  }
})
