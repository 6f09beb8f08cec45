import type { SeededRandom } from '../../support/random.ts'

const EDGES = [0, 1, 2, 0x0a, 0x0d, 0x20, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff]
const MAX_RUN_BYTES = 64

/** A change that knows nothing of the format: bits, bytes, runs, and the two inputs joined. */
export function mutateBytes(input: Buffer, other: Buffer, random: SeededRandom): Buffer {
  const at = random.below(input.length + 1)
  const run = 1 + random.below(random.chance(0.2) ? MAX_RUN_BYTES : 8)
  switch (random.below(8)) {
    case 0:
      return withByte(input, at, (byte) => byte ^ (1 << random.below(8)))
    case 1:
      return withByte(input, at, () => random.below(256))
    case 2:
      return withByte(input, at, () => random.pick(EDGES))
    case 3:
      return withByte(input, at, (byte) => byte + random.pick([1, -1, 16, -16]))
    case 4:
      return splice(input, at, run, Buffer.alloc(0))
    case 5:
      return splice(input, at, 0, input.subarray(at, at + run))
    case 6:
      return splice(input, at, 0, Buffer.from(Array.from({ length: random.below(6) }, () => random.below(256))))
    default: {
      const from = random.below(other.length + 1)
      return splice(
        input,
        at,
        random.chance(0.5) ? input.length : run,
        other.subarray(from, from + 1 + random.below(256)),
      )
    }
  }
}

/** `input` with `removed` bytes at `at` replaced by `added`. */
export function splice(input: Buffer, at: number, removed: number, added: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), added, input.subarray(at + removed)])
}

/** Offsets at which an input is cut into reads, rising; often none, sometimes after every byte. */
export function randomCuts(random: SeededRandom, length: number): readonly number[] {
  if (length < 2) return []
  if (length < 400 && random.chance(0.15)) return Array.from({ length: length - 1 }, (_, i) => i + 1)
  const cuts = new Set<number>()
  for (let i = random.below(6); i >= 0; i -= 1) cuts.add(1 + random.below(length - 1))
  return [...cuts].toSorted((a, b) => a - b)
}

function withByte(input: Buffer, at: number, change: (byte: number) => number): Buffer {
  const changed = Buffer.from(input)
  if (at < changed.length) changed[at] = change(changed[at] ?? 0)
  return changed
}
