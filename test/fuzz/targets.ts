import type { FuzzTarget } from './engine/target.ts'
import { baggageTarget } from './targets/baggage.ts'
import { bridgeTarget } from './targets/bridge.ts'
import { forwardedTarget } from './targets/forwarded.ts'
import { h1EncodeTarget } from './targets/h1-encode.ts'
import { h1Target } from './targets/h1.ts'
import { h2PairTarget } from './targets/h2-pair.ts'
import { h2Target } from './targets/h2.ts'
import { hpackPairTarget } from './targets/hpack-pair.ts'
import { hpackTarget } from './targets/hpack.ts'
import { namesTarget } from './targets/names.ts'
import { objectsTarget } from './targets/objects.ts'
import { pathTarget } from './targets/path.ts'

/** Everything that is fuzzed, in the order in which `npm run fuzz` does it. */
export const TARGETS: readonly FuzzTarget[] = [
  h1Target,
  h1EncodeTarget,
  h2Target,
  h2PairTarget,
  hpackTarget,
  hpackPairTarget,
  bridgeTarget,
  pathTarget,
  namesTarget,
  baggageTarget,
  forwardedTarget,
  objectsTarget,
]
