/**
 * Filter (fairway.dev/v1alpha1), unknown to typed. Whether its code is any good is found out elsewhere. What can be read of
 * its targets is always given, so that what cannot be carried out closes what it is about.
 */
import type { Stage } from '../../../filter/index.ts'
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { durationWithDefault } from '../../../lib/schemas/positive-duration.ts'
import type { KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import type { PolicyTargetRef } from '../target-refs.ts'
import { readTargeted, withTargets } from './read-targeted.ts'

/** How a filter of a user is treated. */
export interface FilterSettings {
  /** Absent: as its definition says. */
  readonly failureMode?: 'open' | 'closed'
  readonly hookMs: number
  readonly waitMs: number
  readonly isolation: 'none' | 'thread'
}

/** What a filter of a user does: its code, and what that is told. */
export interface UserContent {
  readonly kind: 'user'
  /** Its module exports a plugin of Fastify. */
  readonly isApp?: true
  /** Below the folder of `--filters`: `stamp-version.ts`. */
  readonly module: string
  /** As written; its code has the schema. */
  readonly config: unknown
  readonly settings: FilterSettings
}

/** What a built-in filter is told, as it is written and found good. */
export interface BuiltInContent {
  readonly kind: 'built-in'
  /** When its turn comes. */
  readonly stage: Stage
  readonly config: unknown
  /** From when on it does nothing by itself (`spec.until`), in milliseconds since the epoch. */
  readonly endsAtMs?: number
}

export type FilterContent = UserContent | BuiltInContent

export interface FilterObject {
  readonly kind: 'Filter'
  /** The kind as it is written: `Filter`, or that of a built-in filter. */
  readonly as: string
  readonly metadata: Metadata
  /** None: it acts where rules refer to it. */
  readonly targetRefs: readonly PolicyTargetRef[]
  /** `undefined` when it could not be read. */
  readonly content: FilterContent | undefined
  /** What is done while there is nothing to carry out: `open` only where that is written. */
  readonly failureMode: 'open' | 'closed'
  /** What keeps it from being carried out as it is written. */
  readonly defects: readonly Issue[]
}

/** Kinds whose objects name code of a user. */
export const isUserKind = (as: string): boolean => as === 'Filter' || as === 'App'

/** Where such code is. */
export const modulePath = s.documented(
  s.string({
    maxLength: 1024,
    pattern: /[^./\\][^/\\]*(?:\/[^./\\][^/\\]*)*/,
    describe: 'a path below the folder of --filters, of names that begin with no dot: stamp-version.ts',
  }),
  'The file that the code begins in, below the folder of --filters.',
)

export const failureModes = { Open: 'open', Closed: 'closed' } as const
export const failureMode = s.documented(
  s.oneOf(['Closed', 'Open']),
  'What becomes of a request whose filter fails: it is answered with 500, or goes on as if the filter were not there. Left out: as the filter itself declares, or Closed.',
)

const content = s.object({
  module: modulePath,
  config: s.documented(s.optional(s.anything()), 'What the filter is told; its code has the schema. Left out: {}.'),
  failureMode: s.optional(failureMode),
  budget: s.documented(
    s.withDefault(
      s.object({
        hook: s.documented(durationWithDefault(10), 'How long one call may hold everything else; left out: 10ms.'),
        wait: s.documented(durationWithDefault(1000), 'How long a hook may wait; left out: 1s.'),
      }),
      { hook: 10, wait: 1000 },
      {},
    ),
    'How much time it may take.',
  ),
  isolation: s.documented(
    s.withDefault(s.oneOf(['None', 'Thread']), 'None'),
    'Thread: it runs in a thread of its own, and can neither hold up nor end the others.',
  ),
})

/** `spec` of a Filter as an API server checks it. */
export const filterJson = withTargets(content.json, 'Which code is run, with what, and on what.')

/** How objects that name code of a user are read. */
export interface UserReading<Spec> {
  readonly as: string
  /** Of `spec`, but for its targets. */
  readonly schema: s.Schema<Spec>
  readonly contentOf: (spec: Spec) => UserContent
}

/** Makes their reader. */
export const createUserDecoder =
  <Spec>({ as, schema, contentOf: toContent }: UserReading<Spec>): KindDecoder<FilterObject> =>
  (input) => {
    const spec = input.body['spec']
    return {
      ok: true,
      value: {
        kind: 'Filter',
        as,
        metadata: input.metadata,
        ...readTargeted(input, s.map(schema, toContent).decode),
        failureMode: s.isPlainObject(spec) && spec['failureMode'] === 'Open' ? 'open' : 'closed',
      },
    }
  }

const contentOf = ({ module, config, budget, isolation, ...written }: s.ValueOf<typeof content>): UserContent => ({
  kind: 'user',
  module,
  config: config ?? {},
  settings: {
    ...(written.failureMode === undefined ? {} : { failureMode: failureModes[written.failureMode] }),
    hookMs: budget.hook,
    waitMs: budget.wait,
    isolation: isolation === 'Thread' ? 'thread' : 'none',
  },
})

/** Reads a Filter. */
export const decodeFilter = createUserDecoder({ as: 'Filter', schema: content, contentOf })
