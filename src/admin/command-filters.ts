import type { AdminDeps } from './admin-deps.ts'
import { json, type Answer } from './answer.ts'

/** `POST /filters/command`: 404 when no filter is meant, 400 when one of them has refused. */
export const commandFilters = async (query: URLSearchParams, deps: Pick<AdminDeps, 'command'>): Promise<Answer> => {
  const { kind, command, origin, ...parameters } = Object.fromEntries(query)
  if (kind === undefined || command === undefined) {
    return json({ error: 'kind and command are needed: kind=ResponseCache&command=purge' }, 400)
  }
  const order = { kind, command, parameters, ...(origin === undefined ? {} : { origin }) }
  const results = (await deps.command(order)).flatMap((each, process) => each.map((said) => ({ process, ...said })))
  if (results.length === 0) {
    const which = origin === undefined ? '' : ` of origin ${origin}`
    return json({ error: `no filter of kind ${kind}${which} is in force that takes commands` }, 404)
  }
  const hasRefused = results.some((said) => 'failure' in said)
  return json({ results }, hasRefused ? 400 : 200)
}
