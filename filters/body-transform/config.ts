import { schema } from 'fairway/filter'
import { templateOf } from '../header-transform/template.ts'
import { mediaTypes } from '../representation/media-range.ts'

/** More than this is kept of no body, whatever a configuration says. */
export const MOST_BYTES = 8 * 1024 * 1024

const path = schema.string({
  minLength: 2,
  maxLength: 1024,
  pattern: /(?:\/(?:[^/~]|~[01])*)+/,
  describe: 'a JSON pointer (RFC 6901) whose steps may be *: /items/*/cost',
})

const template = templateOf(schema.string({ minLength: 1, maxLength: 4096 }))

const setOne = schema.refine(
  schema.object({
    path: schema.documented(path, 'Where the value goes. Objects that are missing on the way are made.'),
    value: schema.documented(schema.optional(schema.anything()), 'Any JSON but null.'),
    template: schema.documented(
      schema.optional(template),
      'A text, and in braces what is put in its place: {claims[email]}. Without all of these the field is removed.',
    ),
  }),
  (one, at) =>
    (one.value === undefined) === (one.template === undefined)
      ? [{ message: 'needs one of both', path: at, found: one.path, expected: 'value or template' }]
      : [],
)

const renameOne = schema.object({
  path: schema.documented(path, 'Of the field as it is.'),
  to: schema.documented(schema.string({ minLength: 1, maxLength: 256 }), 'Its new name, in the same object.'),
})

const operations = {
  contentTypes: schema.documented(
    schema.withDefault(mediaTypes, ['application/json', 'application/*+json']),
    'Of the bodies that are JSON.',
  ),
  remove: schema.documented(schema.withDefault(schema.array(path, { maxItems: 64 }), []), 'Fields that are dropped.'),
  rename: schema.documented(
    schema.withDefault(schema.array(renameOne, { maxItems: 64 }), []),
    'Fields that get another name.',
  ),
  set: schema.documented(
    schema.withDefault(schema.array(setOne, { maxItems: 64 }), []),
    'Fields that get a value, whether they are there or not.',
  ),
  limitBytes: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: MOST_BYTES }), 1024 * 1024),
    'How long a body may be: requests that are longer are refused with 413, responses with 502.',
  ),
}

type Operations = schema.ObjectOf<typeof operations>

const refuseNothing = <T extends Pick<Operations, 'remove' | 'rename' | 'set'>>(of: schema.Schema<T>) =>
  schema.refine(of, ({ remove, rename, set }, at) =>
    remove.length + rename.length + set.length > 0
      ? []
      : [{ message: 'nothing to do', path: at, found: 'nothing', expected: 'remove, rename or set' }],
  )

/** What a BodyTransform is told. */
export const bodyTransformConfig = schema.refine(
  schema.object({
    request: schema.documented(
      schema.optional(
        refuseNothing(
          schema.object({
            ...operations,
            otherTypes: schema.documented(
              schema.withDefault(schema.oneOf(['Pass', 'Refuse']), 'Pass'),
              'What becomes of requests whose body is of another type: Refuse answers 415.',
            ),
          }),
        ),
      ),
      'What is done to the bodies of requests.',
    ),
    response: schema.documented(
      schema.optional(refuseNothing(schema.object(operations))),
      'What is done to the bodies of responses.',
    ),
  }),
  ({ request, response }, at) =>
    (request ?? response) === undefined
      ? [{ message: 'nothing to change', path: at, found: 'nothing', expected: 'request or response' }]
      : [],
)

export type BodyTransformConfig = schema.ValueOf<typeof bodyTransformConfig>
/** What is done to the bodies of one side. */
export type Changes = Pick<Operations, 'remove' | 'rename' | 'set'>
