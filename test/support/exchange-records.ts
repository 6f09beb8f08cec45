import type { Destination, ExchangeRecord, Source } from '../../src/filter/record.ts'
import { createExchange } from '../../src/filter/testing.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'
import { formatSpiffeId } from '../../src/model/identity.ts'

/** A client that the tunnel knows everything about. */
export const knownSource: Source = {
  principal: formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'web', serviceAccount: 'shop-front' }),
  namespace: 'web',
  serviceAccount: 'shop-front',
  address: '10.0.1.5:41234',
  workload: 'front',
  canonicalName: 'front',
  canonicalRevision: 'v3',
  app: 'front',
  version: 'v3',
  cluster: 'Kubernetes',
}

/** A client that nothing is known of but its address. */
export const unknownSource: Source = { ...createExchange().source, address: '10.0.1.6:1' }

export const apiService: Destination = {
  namespace: 'shop',
  name: 'api',
  hostname: 'api.shop.svc.cluster.local',
  port: 80,
}

export const canaryService: Destination = {
  ...apiService,
  name: 'api-canary',
  hostname: 'api-canary.shop.svc.cluster.local',
}

/** A pod in the mesh behind `canaryService`. */
export const canaryEndpoint: Endpoint = {
  address: '10.0.3.7',
  port: 8080,
  transport: 'hbone',
  identity: formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'api' }),
  workload: {
    uid: 'pod-1',
    name: 'api-canary',
    namespace: 'shop',
    serviceAccount: 'api',
    canonicalName: 'api',
    canonicalRevision: 'v2',
    app: 'api',
    version: 'v2',
    cluster: 'Kubernetes',
  },
}

/** A request that went well; `changes` tell what was different. */
export const makeRecord = (changes: Partial<ExchangeRecord> = {}): ExchangeRecord => ({
  source: knownSource,
  destination: apiService,
  startedAtMs: 0,
  startedAtEpochMs: Date.UTC(2025, 0, 15, 12, 0, 0, 123),
  durationMs: 12.4,
  upstreamMs: 9.6,
  protocol: 'http',
  httpVersion: 'HTTP/1.1',
  method: 'GET',
  path: '/items?q=1',
  authority: 'api.shop',
  requestId: '0f2a',
  userAgent: 'curl/8.5.0',
  forwardedFor: undefined,
  upgrade: undefined,
  status: 200,
  grpcStatus: '',
  messages: undefined,
  flags: '-',
  details: 'via_upstream',
  upstreamFailure: '',
  requestBytes: 91,
  responseBytes: 1211,
  route: 'HTTPRoute/shop/api',
  rule: '0',
  endpoint: canaryEndpoint,
  backend: canaryService,
  attempts: 1,
  tries: [],
  generation: 7,
  ...changes,
})

/** The place of a sampled exchange in a trace; ids of one digit. */
export const traceOf = (digit: string): NonNullable<ExchangeRecord['trace']> => ({
  traceId: digit.repeat(32),
  spanId: digit.repeat(16),
  parentId: undefined,
  traceState: undefined,
  isSampled: true,
  tunnel: undefined,
  tries: [],
  checks: [],
})
