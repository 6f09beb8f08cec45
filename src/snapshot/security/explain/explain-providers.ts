import type { Snapshot } from '../../snapshot.ts'
import { findCustoms } from '../authorize.ts'
import type { AuthorizationIndex, RulePlan } from '../policy-plans.ts'
import type { RequestFacts } from '../request-facts.ts'

/** What providers have to do with a request or connection. */
export interface ExplainedProviders {
  /** One of those that would be asked is not there: it is refused. */
  readonly isRefused: boolean
  /** For people, in the order in which they are asked. */
  readonly reasons: readonly string[]
}

/** Says who is asked, and how; nobody is asked here. */
export const explainProviders = (
  { providers }: Pick<Snapshot, 'providers'>,
  index: AuthorizationIndex,
  facts: RequestFacts,
): ExplainedProviders => {
  const asked = findCustoms(index, facts).map((rule) => explainOne(rule, providers, facts))
  return { isRefused: asked.some(({ isRefused }) => isRefused), reasons: asked.map(({ reason }) => reason) }
}

const explainOne = (
  { policy }: RulePlan,
  providers: Snapshot['providers'],
  { request }: RequestFacts,
): { readonly isRefused: boolean; readonly reason: string } => {
  const { provider: name = '' } = policy
  const provider = providers.get(name)
  const refused = (why: string) => ({ isRefused: true, reason: `refused, since nobody can be asked: ${why}` })
  if (provider === undefined) return refused(`the mesh has no extension provider ${name}`)
  if (provider.kind === 'closed') return refused(provider.reason)
  const { protocol, service, timeoutMs, failOpen, statusOnError } = provider.settings
  if (request === undefined && protocol === 'http') {
    return refused(`provider ${name} speaks HTTP, and can be asked about requests only`)
  }
  const otherwise = failOpen ? 'let through' : request === undefined ? 'closed' : `answered ${statusOnError}`
  const where = `Service ${service.namespace}/${service.name}:${service.port} over ${protocol === 'grpc' ? 'gRPC' : 'HTTP'}`
  return {
    isRefused: false,
    reason: `provider ${name} is ${where}; without an answer in ${timeoutMs} ms it is ${otherwise}`,
  }
}
