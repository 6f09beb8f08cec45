/**
 * MirrorComparison (fairway.dev/v1alpha1), unknown to typed. It watches and guards nothing, so that one that cannot be
 * understood closes nothing: it is not in force, and its object says why.
 */
import type { Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import type { MirrorComparison } from '../../model/comparison/mirror-comparison.ts'
import { token } from './token.ts'
import { readTargeted, withTargets } from './filter/read-targeted.ts'
import type { KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'
import { sectionRef, targetRefsSchema, type PolicyTargetRef } from './target-refs.ts'

export interface MirrorComparisonObject {
  readonly kind: 'MirrorComparison'
  readonly metadata: Metadata
  readonly targetRefs: readonly PolicyTargetRef[]
  /** `undefined` when it could not be read. */
  readonly settings: Omit<MirrorComparison, 'key'> | undefined
  readonly defects: readonly Issue[]
}

/** The methods that change nothing, of which HTTP says so (RFC 9110 section 9.2.1), and those that an author vouches for. */
const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Where several paths have come to is known at each value of an answer: longer ones would hold the loop. */
const MAX_STEPS = 32

const path = s.refine(
  s.string({
    maxLength: 1024,
    pattern: /(?:\/(?:[^/~]|~[01])*)*/,
    describe: 'a JSON pointer (RFC 6901) whose steps may be * or **: /items/*/updatedAt',
  }),
  (pointer, at) => {
    const steps = pointer.split('/').length - 1
    if (steps <= MAX_STEPS) return []
    return [{ message: 'a path of too many steps', path: at, found: String(steps), expected: `at most ${MAX_STEPS}` }]
  },
)
const namedPath = s.string({
  minLength: 2,
  maxLength: 1024,
  pattern: /(?:\/(?:[^/~*]|~[01])+)+/,
  describe: 'a JSON pointer: /id',
})

const percent = (min: number): s.Schema<number> => s.integer({ min, max: 100 })

const noiseDefaults = { percent: 10, methods: ['GET', 'HEAD'], samples: 300 } as const

const noise = s.object({
  percent: s.documented(
    s.withDefault(percent(0), noiseDefaults.percent),
    'Of a hundred requests that are compared, so many go to the primary twice, to learn what differs of its own accord. 0: nothing is learned.',
  ),
  methods: s.documented(
    s.withDefault(s.array(s.oneOf(methods), { maxItems: methods.length }), [...noiseDefaults.methods]),
    'Requests that may be sent twice. Left out: GET and HEAD.',
  ),
  samples: s.documented(
    s.withDefault(s.integer({ min: 1, max: 1000 }), noiseDefaults.samples),
    'So many pairs of answers of the primary are wanted before differences count.',
  ),
})

const unorderedList = s.object({
  path: s.documented(path, 'Of the list; steps may be * or **, and empty is the whole body.'),
  by: s.documented(
    s.optional(namedPath),
    'What an item is told from the others by, from the item on: /id. Left out: items that are alike belong together.',
  ),
})

const schema = s.object({
  percent: s.documented(
    s.withDefault(percent(1), 100),
    'Of a hundred copies that the mirror gets, so many have their answers compared.',
  ),
  headers: s.documented(
    s.withDefault(s.array(token('the name of a header'), { maxItems: 16 }), ['content-type']),
    'Headers of answers that have to be the same.',
  ),
  body: s.documented(
    s.withDefault(s.oneOf(['Compare', 'Ignore']), 'Compare'),
    'Whether bodies are compared: JSON field by field, all else by a digest.',
  ),
  ignore: s.documented(
    s.withDefault(s.array(path, { maxItems: 64 }), []),
    'Places in JSON bodies that may differ, as JSON pointers: * stands for any one step, ** for any number of them.',
  ),
  unorderedLists: s.documented(
    s.withDefault(s.array(unorderedList, { maxItems: 32 }), []),
    'Lists in JSON bodies whose order means nothing.',
  ),
  numberTolerance: s.documented(
    s.withDefault(s.number({ min: 0, max: 1 }), 1e-12),
    'By how much two numbers may differ, as a share of the larger one; two integers may not.',
  ),
  limitBytes: s.documented(
    s.withDefault(s.integer({ min: 1, max: 128 * 1024 }), 64 * 1024),
    'Answers whose JSON or encoded body is longer are not compared.',
  ),
  noise: s.documented(
    s.withDefault(noise, { ...noiseDefaults, methods: [...noiseDefaults.methods] }, {}),
    'How it is learned what differs between two answers of the primary to the same request.',
  ),
  values: s.documented(
    s.withDefault(s.oneOf(['Shown', 'Hidden']), 'Shown'),
    'Whether the admin API shows the values that differ, or only where they stand.',
  ),
})

/** Reads a MirrorComparison. */
export const decodeMirrorComparison: KindDecoder<MirrorComparisonObject> = (input) => {
  const { content: settings, ...targeted } = readTargeted(input, s.map(schema, settingsOf).decode, 'needed')
  return { ok: true, value: { kind: 'MirrorComparison', metadata: input.metadata, ...targeted, settings } }
}

const settingsOf = ({
  headers,
  body,
  unorderedLists,
  numberTolerance,
  values,
  ...rest
}: s.ValueOf<typeof schema>): Omit<MirrorComparison, 'key'> => ({
  ...rest,
  headers: [...new Set(headers.map((name) => name.toLowerCase()))],
  comparesBody: body === 'Compare',
  unordered: unorderedLists.map(({ path: list, by }) => ({ path: list, ...(by === undefined ? {} : { by }) })),
  tolerance: numberTolerance,
  showsValues: values === 'Shown',
})

/** `spec` of a MirrorComparison as an API server checks it. */
export const mirrorComparisonJson: s.JsonSchema = {
  ...withTargets(
    schema.json,
    'What of the answers of mirrors is compared with those of the primary, and on which routes.',
    s.documented(
      targetRefsSchema(sectionRef),
      'HTTPRoutes and GRPCRoutes (sectionName: a rule) of the namespace, whose mirrors are compared.',
    ).json,
  ),
  required: ['targetRefs'],
}
