import { schema } from 'fairway/filter'
import { pathTemplate } from './path-template.ts'

/** Parts that need nothing but their type. */
const plainTypes = ['SourceIdentity', 'SourceNamespace', 'SourceAddress', 'Method', 'Host', 'Path'] as const
const namedTypes = ['Header', 'Cookie', 'Claim'] as const

const plain = <const T extends (typeof plainTypes)[number]>(type: T) =>
  schema.object({ type: schema.documented(schema.oneOf([type]), 'Which value.') })

const named = <const T extends (typeof namedTypes)[number]>(type: T) =>
  schema.object({
    type: schema.documented(schema.oneOf([type]), 'Which value.'),
    name: schema.documented(
      schema.string({ minLength: 1, maxLength: 256 }),
      'Of the header, cookie or claim; a claim in another one is written with a dot between.',
    ),
  })

/** One value that is counted apart. */
export const keyPart = schema.union('type', {
  SourceIdentity: plain('SourceIdentity'),
  SourceNamespace: plain('SourceNamespace'),
  SourceAddress: plain('SourceAddress'),
  Method: plain('Method'),
  Host: plain('Host'),
  Path: plain('Path'),
  Header: named('Header'),
  Cookie: named('Cookie'),
  Claim: named('Claim'),
  PathTemplate: schema.object({
    type: schema.documented(schema.oneOf(['PathTemplate']), 'Which value.'),
    templates: schema.documented(
      schema.array(pathTemplate, { minItems: 1, maxItems: 64 }),
      'Paths such as /orders/{id}, whatever stands in place of {id}; the first that fits counts, all other paths are one.',
    ),
  }),
})

export type KeyPart = schema.ValueOf<typeof keyPart>
