import type { FastifyReply } from 'fastify'
import type { AdminDeps } from './admin-deps.ts'

/** `POST /filters/command`: 404 when no filter is meant, 400 when one of them has refused. */
export const commandFilters = async (
  query: URLSearchParams,
  { reply, deps }: { readonly reply: FastifyReply; readonly deps: Pick<AdminDeps, 'command'> },
): Promise<unknown> => {
  const { kind, command, origin, ...parameters } = Object.fromEntries(query)
  if (kind === undefined || command === undefined) {
    return reply.code(400).send({ error: 'kind and command are needed: kind=ResponseCache&command=purge' })
  }
  const order = { kind, command, parameters, ...(origin === undefined ? {} : { origin }) }
  const results = (await deps.command(order)).flatMap((each, process) => each.map((said) => ({ process, ...said })))
  if (results.length === 0) {
    const which = origin === undefined ? '' : ` of origin ${origin}`
    return reply.code(404).send({ error: `no filter of kind ${kind}${which} is in force that takes commands` })
  }
  const hasRefused = results.some((said) => 'failure' in said)
  return reply.code(hasRefused ? 400 : 200).send({ results })
}
