import assert from 'node:assert/strict'
import { BodyPipe } from '../../../../src/filter/body/body-pipe.ts'
import type { BodyStage } from '../../../../src/filter/body/body-stage.ts'
import type { BodyTransform } from '../../../../src/filter/index.ts'
import { createExchange } from '../../../../src/filter/testing.ts'
import type { SeededRandom } from '../../../support/random.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { textMutator } from '../../mutate/text.ts'

const SECRET = 'secret'
const COVERED = '***'

/** What comes of a body in one piece. */
const cover = (text: string): string => text.replaceAll(SECRET, COVERED)

/** The same, piece by piece. */
const covering = (): BodyTransform => {
  let held = ''
  return (bytes, isLast) => {
    const text = cover(held + bytes.toString('latin1'))
    const kept = isLast ? 0 : Math.min(text.length, SECRET.length - 1)
    held = text.slice(text.length - kept)
    return Buffer.from(text.slice(0, text.length - kept), 'latin1')
  }
}

const stageOf = (transform: BodyTransform, isWhole: boolean): BodyStage => ({
  transform,
  isWhole,
  limitBytes: Number.MAX_SAFE_INTEGER,
  kind: 'Fuzzed',
})

/** However a body is cut, and whoever takes late what comes of it, the same comes out, and each byte is credited once. */
export const filterBodiesTarget: FuzzTarget = {
  name: 'filter-bodies',
  format: 'text',
  maxInputBytes: 16_384,
  shortRounds: 500,
  seeds: () => [Buffer.from(`a ${SECRET} in the middle, and one at the end: ${SECRET}`), Buffer.alloc(0)],
  mutate: textMutator([SECRET, 'sec', 'ret', 'secsecretret', '*', 'x'.repeat(100)]),
  check: (input, random) => {
    const stages = [stageOf(covering(), false), stageOf((bytes) => bytes, random.chance(0.3))]
    const { out, credit, pieces } = passThrough(stages, input, random)
    assert.equal(out, cover(input.toString('latin1')))
    assert.equal(credit, input.length)
    return `${Math.min(pieces, 8)} pieces, ${Math.min(out.split(COVERED).length, 8)} covered`
  },
}

const passThrough = (
  stages: readonly BodyStage[],
  input: Buffer,
  random: SeededRandom,
): { readonly out: string; readonly credit: number; readonly pieces: number } => {
  const seen = { out: '', credit: 0, pieces: 0, held: 0, kept: 0, isEnded: false }
  const memory = {
    take: (bytes: number) => (seen.kept += bytes) >= 0,
    give: (bytes: number) => void (seen.kept -= bytes),
  }
  const pipe = new BodyPipe(
    { stages, trailers: [], exchange: createExchange(), memory },
    {
      onBytes: (buffer, start, end) => {
        seen.out += buffer.toString('latin1', start, end)
        seen.pieces++
        const isTaken = random.chance(0.7)
        if (!isTaken) seen.held += end - start
        return isTaken
      },
      onCredit: (bytes) => void (seen.credit += bytes),
      onEnd: () => void (seen.isEnded = true),
      onReply: () => assert.fail('nobody replies'),
      onTooMuch: () => assert.fail('there is no limit'),
      onThrown: (error) => assert.fail(String(error)),
    },
  )
  const takeHeld = (): void => {
    const { held } = seen
    seen.held = 0
    pipe.onPassed(held)
  }
  for (let at = 0; at < input.length;) {
    const end = Math.min(input.length, at + 1 + random.below(40))
    if (pipe.push(input, at, end)) seen.credit += end - at
    at = end
    if (random.chance(0.3)) takeHeld()
  }
  pipe.end(undefined)
  assert.ok(seen.isEnded)
  takeHeld()
  assert.equal(seen.kept, 0)
  assert.equal(pipe.cancel(), 0)
  return seen
}
