import * as s from '../../lib/schema.ts'

const path = s.string({
  maxLength: 1024,
  pattern: /(?:\/[A-Za-z0-9._~-]+)+/,
  describe: 'a path of letters, digits and ._~- without a / at its end: /api',
})

const openapi = s.object({
  title: s.documented(s.withDefault(s.string({ maxLength: 200 }), 'App'), 'What the API is called; left out: App.'),
  version: s.documented(s.withDefault(s.string({ maxLength: 64 }), '1'), 'Which one of it this is; left out: 1.'),
  document: s.documented(
    s.withDefault(path, '/openapi.json'),
    'Where the document is, below the prefix; left out: /openapi.json.',
  ),
  page: s.documented(s.optional(path), 'Where a page for people is, below the prefix. Left out: there is none.'),
})

const limits = s.object({
  body: s.documented(
    s.withDefault(s.integer({ min: 1, max: 64 * 1024 * 1024 }), 1024 * 1024),
    'How many bytes of a request body a parser of the App reads: a longer one is refused with 413. Left out: 1 MiB.',
  ),
})

/** What an App is told, beside what its plugin is. */
export const appFields = {
  config: s.documented(
    s.withDefault(s.record(s.anything()), {}),
    'The options of the plugin; a schema that its module exports as `config` reads them. Left out: {}.',
  ),
  prefix: s.documented(
    s.optional(path),
    'Comes before the paths of all of its routes; other requests are not shown to it.',
  ),
  openapi: s.documented(s.optional(openapi), 'Publishes what its routes say of themselves, as OpenAPI.'),
  limits: s.documented(s.withDefault(limits, { body: 1024 * 1024 }, {}), 'How large a request may be.'),
} as const

/** Reads it. */
export const appConfig = s.object(appFields)

/** How an App is set up. */
export type AppConfig = s.ValueOf<typeof appConfig>

/** What is published of its routes. */
export type AppOpenApi = NonNullable<AppConfig['openapi']>
