import type { FuzzTarget } from './engine/target.ts'
import { h1EncodeTarget } from './targets/h1-encode.ts'
import { h1Target } from './targets/h1.ts'
import { h2PairTarget } from './targets/h2-pair.ts'
import { h2Target } from './targets/h2.ts'
import { hpackPairTarget } from './targets/hpack-pair.ts'
import { hpackTarget } from './targets/hpack.ts'

/** Everything that is fuzzed, in the order in which `npm run fuzz` does it. */
export const TARGETS: readonly FuzzTarget[] = [
  h1Target,
  h1EncodeTarget,
  h2Target,
  h2PairTarget,
  hpackTarget,
  hpackPairTarget,
]
