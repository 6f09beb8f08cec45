/** App (fairway.dev/v1alpha1), unknown to typed: a Filter whose code is a plugin of Fastify, and answers by itself. */
import { appFields } from '../../../filter/app/app-config.ts'
import { withTargets } from './read-targeted.ts'
import * as s from '../../../lib/schema.ts'
import { durationWithDefault } from '../../../lib/schemas/positive-duration.ts'
import { createUserDecoder, failureMode, failureModes, modulePath, type UserContent } from './filter-object.ts'

const HOOK_MS = 50
const WAIT_MS = 15_000

const content = s.object({
  module: modulePath,
  ...appFields,
  failureMode: s.optional(failureMode),
  budget: s.documented(
    s.withDefault(
      s.object({
        hook: s.documented(
          durationWithDefault(HOOK_MS),
          'How long it may hold everything else when it gets a request; left out: 50ms.',
        ),
        wait: s.documented(
          durationWithDefault(WAIT_MS),
          'How long it may take to begin an answer, and by nine tenths of it its calls; left out: 15s.',
        ),
      }),
      { hook: HOOK_MS, wait: WAIT_MS },
      {},
    ),
    'How much time it may take.',
  ),
})

const contentOf = ({ module, budget, failureMode: mode, ...told }: s.ValueOf<typeof content>): UserContent => ({
  kind: 'user',
  isApp: true,
  module,
  config: told,
  settings: {
    ...(mode === undefined ? {} : { failureMode: failureModes[mode] }),
    hookMs: budget.hook,
    waitMs: budget.wait,
    isolation: 'none',
  },
})

/** `spec` of an App as an API server checks it. */
export const appJson = withTargets(content.json, 'Which plugin answers, what it is told, and on what.')

/** Reads an App. */
export const decodeApp = createUserDecoder({ as: 'App', schema: content, contentOf })
