import { schema, type Exchange, type FilterDefinition } from 'fairway/filter'

const time = schema.refine(schema.string(), (found, path) =>
  Number.isNaN(Date.parse(found)) ? [{ message: 'is no time', path, found, expected: '2026-11-30T06:00:00Z' }] : [],
)

const config = schema.object({
  until: schema.documented(
    schema.optional(schema.map(time, Date.parse)),
    'When it ends by itself, with a time zone; left out: with this object.',
  ),
  title: schema.documented(schema.withDefault(schema.string(), 'We will be back soon'), 'What people read.'),
  letThrough: schema.documented(
    schema.withDefault(schema.array(schema.string({ minLength: 1 })), []),
    'Namespaces whose requests go on: those who do the work, and who watches.',
  ),
})

/** Answers 503 for a while: a page for browsers, JSON for programs, and a time at which to come back for both. */
const maintenancePage: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'MaintenancePage',
  stage: 'preflight',
  config,
  create: ({ until, title, letThrough }, env) => {
    const page = `<!doctype html><meta charset="utf-8"><title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>\n`
    const json = `${JSON.stringify({ error: 'maintenance', message: title })}\n`
    return {
      onRequest({ request, source }) {
        const leftMs = until === undefined ? DEFAULT_MS : until - env.now()
        if (leftMs <= 0 || (source.namespace !== undefined && letThrough.includes(source.namespace))) return undefined
        const isBrowser = wantsHtml(request)
        return env.reply(503, {
          headers: [
            ['content-type', isBrowser ? 'text/html; charset=utf-8' : 'application/json'],
            ['retry-after', String(Math.ceil(leftMs / 1000))],
            ['cache-control', 'no-store'],
          ],
          body: isBrowser ? page : json,
          reason: 'maintenance',
        })
      },
    }
  },
}

export default maintenancePage

/** Told to clients when nobody knows how long it takes. */
const DEFAULT_MS = 300_000

const wantsHtml = ({ headers }: Exchange['request']): boolean => headers.get('accept')?.includes('text/html') === true

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (char) => entities[char] ?? char)
