import { createHash } from 'node:crypto'
import { schema, type FilterDefinition, type Reply, type RequestView } from 'fairway/filter'
import { Sessions, type Session } from './sessions.ts'

const name = schema.string({ minLength: 1, maxLength: 64 })
const seconds = schema.integer({ min: 0, max: 3600 })

const config = schema.object({
  url: schema.documented(
    schema.string({ pattern: /^http:\/\/.+/ }),
    'What is asked about a session: http://SERVICE.NAMESPACE:PORT/PATH, a Service of the mesh.',
  ),
  cookie: schema.documented(schema.withDefault(name, 'SESSIONID'), 'The cookie that has the session.'),
  userHeader: schema.documented(schema.withDefault(name, 'x-user'), 'Where applications find the user.'),
  rolesHeader: schema.documented(schema.withDefault(name, 'x-roles'), 'Where they find the roles, with commas.'),
  cacheSeconds: schema.documented(schema.withDefault(seconds, 60), 'How long an answer holds, good or bad.'),
  maxSessions: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: 1_000_000 }), 10_000),
    'Sessions that are remembered.',
  ),
  timeoutMs: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: 60_000 }), 500),
    'How long the auth service may take; keep it below budget.wait of the Filter.',
  ),
})

/** What the auth service says: 200 with this, or 401 or 404 for a session that is none. */
const answer = schema.object({ user: name, roles: schema.withDefault(schema.array(name, { maxItems: 100 }), []) })

/** Exchanges the session cookie of a legacy application for headers that say who it is, by asking whoever knows. */
const legacyAuth: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'LegacyAuth',
  stage: 'identify',
  config,
  create: ({ url, cookie, userHeader, rolesHeader, cacheSeconds, maxSessions, timeoutMs }, env) => {
    const sessions = new Sessions(maxSessions)
    const lookups = env.counter('session_lookups_total', {
      help: 'Sessions that were looked up, by whether the answer was known (hit, miss), or there was none (failed).',
      labels: ['outcome'],
    })
    const refused = env.reply(401, { body: 'log in first\n', reason: 'no_session' })
    const unavailable = env.reply(503, {
      body: 'nobody can say who you are at the moment\n',
      headers: [['retry-after', '1']],
      reason: 'auth_unavailable',
    })

    return {
      onRequest({ request }) {
        // Applications believe these: they are ours to set, whatever the client says.
        request.headers.remove(userHeader)
        request.headers.remove(rolesHeader)
        const session = findCookie(request.headers.get('cookie'), cookie)
        if (session === undefined) return refused
        // The session itself is a password for as long as it lives: nothing here keeps it.
        const key = createHash('sha256').update(session).digest('base64')
        const known = sessions.find(key, env.now())
        lookups.inc({ outcome: known === undefined ? 'miss' : 'hit' })
        // Without a promise, nobody waits: that is nearly every request.
        if (known !== undefined) return pass(request, known.session)
        return sessions
          .learn(key, () => ask(session))
          .then(
            (learnt) => pass(request, learnt),
            (error: unknown) => fail(error),
          )
      },
    }

    function pass(request: RequestView, session: Session | undefined): Reply | undefined {
      if (session === undefined) return refused
      request.headers.set(userHeader, session.user)
      request.headers.set(rolesHeader, session.roles)
      return undefined
    }

    function fail(error: unknown): Reply {
      lookups.inc({ outcome: 'failed' })
      env.log('warn', error instanceof Error ? error.message : String(error))
      return unavailable
    }

    async function ask(session: string): Promise<{ session: Session | undefined; untilMs: number }> {
      const response = await env.fetch(url, {
        headers: { accept: 'application/json', cookie: `${cookie}=${session}` },
        timeoutMs,
        maxBytes: 16_384,
      })
      const text = await response.text()
      const untilMs = env.now() + cacheSeconds * 1000
      if (response.status === 401 || response.status === 404) return { session: undefined, untilMs }
      if (response.status !== 200) throw new Error(`${url} answers ${response.status}`)
      const decoded = answer.decode(JSON.parse(text), url)
      if (!decoded.ok) throw new Error(`${url} answers what is no session: ${decoded.issues[0]?.message}`)
      const { user, roles } = decoded.value
      return { session: { user, roles: roles.join(',') }, untilMs }
    }
  },
}

export default legacyAuth

const findCookie = (header: string | undefined, wanted: string): string | undefined =>
  header
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${wanted}=`))
    ?.slice(wanted.length + 1)
