import * as s from '../../lib/schema.ts'
import { askAdmin } from '../ask-admin.ts'
import type { HostPort } from '../host-port.ts'

const count = s.integer({ min: 0 })
const loose = { unknownFields: 'ignore' } as const

const difference = s.object(
  {
    path: s.string(),
    kind: s.string(),
    count,
    example: s.object(
      {
        method: s.string(),
        path: s.string(),
        place: s.string(),
        primary: s.optional(s.string()),
        mirror: s.optional(s.string()),
      },
      loose,
    ),
  },
  loose,
)

const noisyPath = s.object(
  { path: s.string(), kind: s.string(), primary: s.number(), mirror: s.number(), isSuspect: s.boolean() },
  loose,
)

const row = s.object(
  {
    comparison: s.string(),
    origin: s.string(),
    mirror: s.string(),
    state: s.oneOf(['learning', 'judging']),
    outcomes: s.object({ same: count, different: count, learning: count, unanswered: count, skipped: count }, loose),
    noise: s.object({ samples: count, wanted: count, paths: s.array(noisyPath) }, loose),
    differences: s.array(difference),
    omitted: count,
  },
  loose,
)

const document = s.object({ generation: count, processes: count, comparisons: s.array(row) }, loose)

/** What `GET /comparisons` says, as far as it is printed. */
export type MirrorsDocument = s.ValueOf<typeof document>

/** One mirror that is compared. */
export type MirrorRow = s.ValueOf<typeof row>

/** Asks a running waypoint. Throws `CliError` when there is no answer, or none of a waypoint. */
export const askMirrors = (admin: HostPort): Promise<MirrorsDocument> =>
  askAdmin(admin, {
    path: '/comparisons',
    about: 'mirrors',
    isAnswer: isMirrorsDocument,
    next: '--admin HOST:PORT names its admin API',
  })

const isMirrorsDocument = (value: unknown): value is MirrorsDocument => document.decode(value, '').ok
