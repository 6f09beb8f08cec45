import { schema } from 'fairway/filter'
import type { FilterDefinition } from 'fairway/filter'
import { preciseHostname } from '../hostname.ts'
import { modifyPath, pathModifier } from '../path-modifier.ts'

const config = schema.object({
  hostname: schema.optional(
    schema.documented(preciseHostname, 'Replaces the host that the backend sees; a port goes with it.'),
  ),
  path: schema.optional(pathModifier),
})

/** Sends the request on under another host or path (HTTPRoute filter URLRewrite); the query stays as it is. */
const urlRewrite: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'URLRewrite',
  stage: 'shape',
  config,
  create: ({ hostname, path }, env) => ({
    onRequest: ({ request, match }) => {
      if (hostname !== undefined) request.authority = hostname
      if (path === undefined) return undefined
      const changed = modifyPath(request.path, match?.prefix, path)
      // Only a rule with a single PathPrefix match is accepted with ReplacePrefixMatch; anything else is our mistake.
      if (changed === undefined) return env.reply(500, { reason: 'rewrite_without_prefix' })
      request.path = changed
      return undefined
    },
  }),
}

export default urlRewrite
