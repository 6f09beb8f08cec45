/** AuthorizationPolicies for a case: how many there are, and how many of them concern the Service that is asked for. */
import { PATH_PREFIX } from './traffic.ts'

/** What a rule tells its requests by; `mixed` takes all of them in turn, each with what else people write beside it. */
export type RuleKind = 'principal' | 'path' | 'suffix' | 'method' | 'header' | 'mixed'

const RULES = 10
/** Policies of each Service, so that no Service has more than another. */
export const POLICIES_PER_SERVICE = 20
/** One policy in so many denies. */
const DENY_EVERY = 5

/** Names of the Services that `policies` policies are about; the first is the one that is asked for. */
export const guardedServices = (policies: number): readonly string[] =>
  Array.from({ length: Math.ceil(policies / POLICIES_PER_SERVICE) }, (_, i) => (i === 0 ? 'api' : `other-${i}`))

/** Policies of ten rules each. Requests of service account `client` match but the last rule of the last one of Service `api`. */
export const policiesOf = (policies: number, kind: RuleKind = 'mixed'): readonly object[] => {
  const count = Math.min(policies, POLICIES_PER_SERVICE)
  return guardedServices(policies).flatMap((service) =>
    Array.from({ length: count }, (_, index) => policy(service, { index, isLast: index === count - 1 }, kind)),
  )
}

const policy = (
  service: string,
  { index, isLast }: { readonly index: number; readonly isLast: boolean },
  kind: RuleKind,
): object => {
  const rules = Array.from({ length: RULES }, (_, i) => ruleOf(kind, index * RULES + i))
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    // They count in the order of their names.
    metadata: { name: `${service}-${String(index).padStart(2, '0')}`, namespace: 'bench' },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: service }],
      action: !isLast && index % DENY_EVERY === 0 ? 'DENY' : 'ALLOW',
      rules: isLast ? [...rules.slice(1), allowing[kind]] : rules,
    },
  }
}

const from = (source: object): object => ({ from: [{ source }] })
const to = (operation: object): object => ({ to: [{ operation }] })
const principal = (account: string): string => `cluster.local/ns/bench/sa/${account}`
const team = (value: string): object => ({ when: [{ key: 'request.headers[x-team]', values: [value] }] })

const plainKinds = ['principal', 'path', 'suffix', 'method', 'header'] as const

/** The n-th rule, which matches none of the requests. */
const ruleOf = (kind: RuleKind, n: number): object => {
  switch (kind) {
    case 'principal':
      return from({ principals: [principal(`team-${n}`)] })
    case 'path':
      return to({ paths: [`${PATH_PREFIX}/team-${n}/*`] })
    case 'suffix':
      return to({ paths: [`*/team-${n}.json`] })
    case 'method':
      return to({ methods: ['PUT', 'DELETE'] })
    case 'header':
      return team(`team-${n}`)
    case 'mixed':
      return {
        ...from({ namespaces: ['bench', `team-${n}`] }),
        ...to({ methods: ['GET', 'HEAD'] }),
        ...ruleOf(plainKinds[n % plainKinds.length] ?? 'path', n),
      }
  }
}

/** The rule that does. */
const allowing: Readonly<Record<RuleKind, object>> = {
  principal: from({ principals: [principal('client')] }),
  path: to({ paths: [`${PATH_PREFIX}/*`] }),
  suffix: to({ paths: ['*/items'] }),
  method: to({ methods: ['GET'] }),
  header: team('client'),
  mixed: { ...from({ principals: [principal('client')] }), ...to({ methods: ['GET'], paths: [`${PATH_PREFIX}/*`] }) },
}
