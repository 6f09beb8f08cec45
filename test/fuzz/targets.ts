import type { FuzzTarget } from './engine/target.ts'
import { baggageTarget } from './targets/baggage.ts'
import { bridgeTarget } from './targets/http/bridge.ts'
import { clientHelloTarget } from './targets/client-hello.ts'
import { crlTarget } from './targets/crl.ts'
import { durationTarget } from './targets/duration.ts'
import { cacheControlTarget } from './targets/filters/cache-control.ts'
import { filterBodiesTarget } from './targets/filters/filter-bodies.ts'
import { forwardedTarget } from './targets/forwarded.ts'
import { h1EncodeTarget } from './targets/http/h1-encode.ts'
import { h1Target } from './targets/http/h1.ts'
import { h2PairTarget } from './targets/http/h2-pair.ts'
import { h2Target } from './targets/http/h2.ts'
import { hpackPairTarget } from './targets/http/hpack-pair.ts'
import { hpackTarget } from './targets/http/hpack.ts'
import { namesTarget } from './targets/names.ts'
import { objectsTarget } from './targets/objects.ts'
import { pathTarget } from './targets/path.ts'
import { sessionTokenTarget } from './targets/session-token.ts'
import { expressionsTarget } from './targets/telemetry/expressions.ts'
import { logFormatsTarget } from './targets/telemetry/log-formats.ts'
import { tokensTarget } from './targets/tokens.ts'
import { workloadApiTarget } from './targets/workload-api.ts'

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
  sessionTokenTarget,
  tokensTarget,
  clientHelloTarget,
  crlTarget,
  durationTarget,
  workloadApiTarget,
  filterBodiesTarget,
  cacheControlTarget,
  expressionsTarget,
  logFormatsTarget,
  objectsTarget,
]
