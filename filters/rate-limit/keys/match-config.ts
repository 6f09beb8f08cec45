import { schema } from 'fairway/filter'
import { pathTemplate } from './path-template.ts'

const text = schema.string({ minLength: 1, maxLength: 1024 })

const pathValue = 'Exact: the path; PathPrefix: it, or one that it lies above; Template: a path such as /orders/{id}.'

const path = schema.union('type', {
  Exact: schema.object({
    type: schema.documented(schema.oneOf(['Exact']), 'How it is compared.'),
    value: schema.documented(text, pathValue),
  }),
  PathPrefix: schema.object({
    type: schema.documented(schema.oneOf(['PathPrefix']), 'How it is compared.'),
    value: schema.documented(text, pathValue),
  }),
  Template: schema.object({
    type: schema.documented(schema.oneOf(['Template']), 'How it is compared.'),
    value: schema.documented(pathTemplate, pathValue),
  }),
})

const header = schema.object({
  name: schema.documented(text, 'Of the header.'),
  value: schema.documented(
    schema.optional(schema.string({ maxLength: 4096 })),
    'What it must be; left out: it must be there.',
  ),
})

/** Requests that a limit is for; all that is said must hold. */
export const requestMatch = schema.object({
  methods: schema.documented(
    schema.optional(schema.array(text, { minItems: 1, maxItems: 16 })),
    'One of these methods.',
  ),
  path: schema.documented(schema.optional(path), 'This path.'),
  headers: schema.documented(
    schema.optional(schema.array(header, { minItems: 1, maxItems: 16 })),
    'All of these headers.',
  ),
  sourceIdentities: schema.documented(
    schema.optional(schema.array(text, { minItems: 1, maxItems: 64 })),
    'One of these SPIFFE IDs.',
  ),
  sourceNamespaces: schema.documented(
    schema.optional(schema.array(text, { minItems: 1, maxItems: 64 })),
    'One of these namespaces of the client.',
  ),
})

export type RequestMatch = schema.ValueOf<typeof requestMatch>
