import { translate } from '../../../../src/config/translate/translate.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import { decodeSpiffeId } from '../../../../src/model/identity.ts'
import { compile } from '../../../../src/snapshot/compile.ts'
import { findFrontend } from '../../../../src/snapshot/resolve.ts'
import { authorize } from '../../../../src/snapshot/security/authorize.ts'
import { destinationOf } from '../../../../src/snapshot/security/facts-of.ts'
import type { RequestFacts } from '../../../../src/snapshot/security/request-facts.ts'
import { loadText } from '../../../support/load-text.ts'
import { noFilters } from '../../../support/models.ts'
import { formatObjects, SERVICE_AUTHORITY, SERVICE_HOST } from '../../proxies/objects.ts'
import { POLICIES_PER_SERVICE, type RuleKind } from '../../proxies/policies.ts'
import { PATH_PREFIX } from '../../proxies/traffic.ts'
import type { Operation } from './operation.ts'

const upstreams = { addresses: ['10.1.0.1'], hbonePort: 15008, httpPort: 9080, httpsPort: 9443, isHbone: true }
const options = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'MERGE_SLASHES',
} as const

const kinds: readonly RuleKind[] = ['principal', 'path', 'suffix', 'method', 'header', 'mixed']

/** What 20 policies of ten rules cost a request that their last rule lets through. */
export const authorizationOperations = (): readonly Operation[] => kinds.map(authorizeBy)

const authorizeBy = (kind: RuleKind): Operation => {
  const text = formatObjects({ ...upstreams, policies: POLICIES_PER_SERVICE, ruleKind: kind })
  const { model } = translate(loadText('objects.yaml', text).objects, options)
  const frontend = findFrontend(compile(model, { generation: 1, filters: noFilters }), SERVICE_AUTHORITY)
  const index = frontend?.authorization
  if (frontend === undefined || index === undefined) throw new Error('no policies')
  const facts: RequestFacts = {
    request: {
      method: 'GET',
      authority: SERVICE_HOST,
      path: `${PATH_PREFIX}/v1/items`,
      query: '?page=3',
      headers: new HeaderList(['host', SERVICE_HOST, 'accept', '*/*', 'user-agent', 'bench', 'x-team', 'client']),
    },
    source: {
      principal: decodeSpiffeId('spiffe://cluster.local/ns/bench/sa/client'),
      namespace: 'bench',
      serviceAccount: 'client',
      address: '10.1.0.2',
    },
    ...destinationOf(frontend),
    sni: undefined,
    token: undefined,
  }
  const last = index.policies.at(-1)?.source.key
  if (authorize(index, facts).policy !== last) throw new Error(`${kind}: the last policy does not decide`)
  return {
    name: `authorize by 200 rules, told apart by ${kind}`,
    run: (times) => {
      for (let i = 0; i < times; i++) if (authorize(index, facts).verdict !== 'allow') throw new Error('denied')
    },
  }
}
