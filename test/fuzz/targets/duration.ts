import assert from 'node:assert/strict'
import { formatDuration, parseDuration } from '../../../src/lib/duration.ts'
import type { FuzzTarget } from '../engine/target.ts'
import { textMutator } from '../mutate/text.ts'

const PART = /^([0-9]{1,5})(h|ms|m|s)/
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** A duration is what the pattern of GEP-2257 says, no less and no more, and its shortest form means the same. */
export const durationTarget: FuzzTarget = {
  name: 'duration',
  format: 'text',
  maxInputBytes: 256,
  shortRounds: 1000,
  seeds: () => ['10s', '1h2m3s4ms', '99999h', '0s', '1.5s', '123456s'].map((text) => Buffer.from(text)),
  mutate: textMutator(['h', 'm', 's', 'ms', '0', '1', '99999', '.', '-', '+', ' ', '\n', '5s', '1h', 'us', '\xb5s']),
  check: (input) => {
    const text = input.toString('latin1')
    const durationMs = parseDuration(text)
    assert.equal(durationMs, plainDuration(text))
    if (durationMs === undefined) return 'none'
    const shortest = formatDuration(durationMs)
    // A sum may need six digits, and then it is for people only.
    if (!/[0-9]{6}/.test(shortest)) assert.equal(parseDuration(shortest), durationMs)
    return shortest.replace(/\d+/g, '#')
  },
}

/** Part by part, from the left. */
function plainDuration(text: string): number | undefined {
  let totalMs = 0
  let rest = text
  for (let parts = 0; rest !== ''; parts += 1) {
    const [part, digits, unit] = PART.exec(rest) ?? []
    if (part === undefined || parts === 4) return undefined
    totalMs += Number(digits) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
    rest = rest.slice(part.length)
  }
  return text === '' ? undefined : totalMs
}
