import { schema, type FilterDefinition } from 'fairway/filter'

const words = schema.withDefault(schema.array(schema.string({ minLength: 2, maxLength: 256 }), { maxItems: 256 }), [])

const config = schema.object({
  deny: schema.documented(words, 'Who has one of these anywhere in its User-Agent, in any case, is refused.'),
  allow: schema.documented(words, 'Who has one of these goes on all the same.'),
  required: schema.documented(schema.withDefault(schema.boolean(), false), 'Whether nobody goes on without one.'),
})

/** Refuses clients by what they call themselves; a courtesy between honest parties, and no security. */
const blockUserAgents: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'BlockUserAgents',
  stage: 'admit',
  config,
  create: ({ deny, allow, required }, env) => {
    const denied = deny.map((word) => word.toLowerCase())
    const allowed = allow.map((word) => word.toLowerCase())
    const refused = env.counter('user_agents_refused_total', { help: 'Requests refused for their User-Agent.' })
    return {
      onRequest({ request }) {
        const agent = request.headers.get('user-agent')?.toLowerCase()
        if (agent === undefined ? !required : isWelcome(agent)) return undefined
        refused.inc()
        return env.reply(403, { body: 'this client is not served here\n', reason: 'user_agent_refused' })
      },
    }

    function isWelcome(agent: string): boolean {
      return allowed.some((word) => agent.includes(word)) || !denied.some((word) => agent.includes(word))
    }
  },
}

export default blockUserAgents
