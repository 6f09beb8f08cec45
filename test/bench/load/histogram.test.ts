import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Histogram } from './histogram.ts'

test('small values come back exactly', () => {
  const histogram = new Histogram()
  for (let micros = 1; micros <= 50; micros++) histogram.record(micros)
  assert.equal(histogram.quantile(0.5), 25)
  assert.equal(histogram.quantile(0.99), 50)
  assert.equal(histogram.quantile(0), 1)
})

test('a quantile is never below the truth and at most 1.6 % above, whatever the size', () => {
  for (let micros = 1; micros < 0xffff_ffff; micros = Math.ceil(micros * 1.07)) {
    const histogram = new Histogram()
    histogram.record(micros)
    histogram.record(0xffff_ffff)
    const found = histogram.quantile(0.5)
    assert.ok(found >= micros && found <= micros * (1 + 1 / 64), `${micros} came back as ${found}`)
  }
})

test('the highest quantile does not exceed what was seen', () => {
  const histogram = new Histogram()
  histogram.record(1_000_000)
  assert.equal(histogram.quantile(1), 1_000_000)
})

test('values outside the range are counted at its ends', () => {
  const histogram = new Histogram()
  histogram.record(-3)
  assert.equal(histogram.quantile(1), 0)
  histogram.record(Number.POSITIVE_INFINITY)
  assert.equal(histogram.quantile(1), 0xffff_ffff)
  assert.equal(histogram.total, 2)
})

test('reset forgets everything', () => {
  const histogram = new Histogram()
  histogram.record(7)
  histogram.reset()
  assert.equal(histogram.total, 0)
  assert.equal(histogram.quantile(0.5), 0)
})
