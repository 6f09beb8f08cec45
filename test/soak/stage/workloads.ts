import { bulkPath } from '../../bench/backend/bulk.ts'
import type { ServiceKind } from '../../bench/backend/plan.ts'
import { messageBodyBytes } from '../../bench/pipes/grpc-message.ts'
import { GRPC_SERVICE, PATH_PREFIX } from '../../bench/proxies/traffic.ts'
import type { WorkloadPlan } from '../client/plan.ts'

/** A Service of the soak: who asks for what there, and what answers. */
export interface SoakService extends Omit<WorkloadPlan, 'authority' | 'ratePerSecond'> {
  /** Of all requests, 0 to 1. */
  readonly share: number
  readonly appProtocol: string
  readonly serves: ServiceKind
  /** Of what its pods answer by default. */
  readonly answerBytes: number
  /** Which route it has; TCP has none. */
  readonly route: 'HTTPRoute' | 'GRPCRoute' | undefined
  /** Whether its pods come and go: what lasts would end with them. */
  readonly isMoving: boolean
}

const KIB = 1024
const headOf = (line: string, name: string, fields = ''): string =>
  `${line} HTTP/1.1\r\nhost: ${name}.shop.svc.cluster.local\r\nuser-agent: fairway-soak\r\n${fields}\r\n`

/** What is refused by an AuthorizationPolicy, at all times. */
export const DENIED_PATH = `${PATH_PREFIX}/denied`

const h2Fields = (path: string, name: string, fields: readonly string[]): readonly string[] => [
  ...[':method', fields.length > 0 ? 'POST' : 'GET', ':scheme', 'http', ':path', path],
  ...[':authority', `${name}.shop.svc.cluster.local`, ...fields],
]

const http = { appProtocol: 'http', route: 'HTTPRoute', status: 200 } as const
const small = { answerBytes: KIB, bodyBytes: KIB }

/** Everything that a mesh carries, most of it small. The shares come to 1. */
export const soakServices: readonly SoakService[] = [
  {
    ...{ ...http, ...small, name: 'get', share: 0.55, serves: 'http', isMoving: true, connections: 10, tunnels: 8 },
    request: headOf(`GET ${PATH_PREFIX}/v1/items?page=3`, 'get'),
  },
  {
    ...{ ...http, name: 'denied', share: 0.01, serves: 'http', isMoving: true, connections: 1, tunnels: 4 },
    ...{ answerBytes: KIB, status: 403 },
    request: headOf(`GET ${DENIED_PATH}`, 'denied'),
  },
  {
    ...{ ...http, ...small, name: 'upload', share: 0.08, serves: 'bodies', isMoving: true, connections: 3, tunnels: 6 },
    work: { kind: 'bodies', uploadBytes: 16 * KIB },
    request: headOf(`PUT ${PATH_PREFIX}/v1/items/7`, 'upload', `content-length: ${16 * KIB}\r\n`),
  },
  {
    ...{ ...http, name: 'download', share: 0.04, serves: 'bodies', isMoving: true, connections: 2, tunnels: 6 },
    ...{ answerBytes: KIB, bodyBytes: 64 * KIB, work: { kind: 'bodies', uploadBytes: undefined } },
    request: headOf(`GET ${bulkPath(64 * KIB)}`, 'download'),
  },
  {
    ...{ ...small, name: 'h2', share: 0.12, serves: 'h2', isMoving: true, connections: 3, tunnels: 2, status: 200 },
    ...{ appProtocol: 'kubernetes.io/h2c', route: 'HTTPRoute', request: '' },
    work: { kind: 'h2', streams: 8, fields: h2Fields(`${PATH_PREFIX}/v1/items`, 'h2', []), messageBytes: undefined },
  },
  {
    ...{ name: 'grpc', share: 0.12, serves: 'h2', isMoving: true, connections: 3, tunnels: 2, status: 200 },
    ...{ appProtocol: 'grpc', route: 'GRPCRoute', request: '', answerBytes: KIB, bodyBytes: messageBodyBytes(KIB) },
    work: {
      ...{ kind: 'h2', streams: 8, messageBytes: KIB },
      fields: h2Fields(`/${GRPC_SERVICE}/Get`, 'grpc', ['content-type', 'application/grpc', 'te', 'trailers']),
    },
  },
  {
    ...{ ...http, name: 'websocket', share: 0.05, serves: 'websocket', isMoving: false, connections: 2, tunnels: 8 },
    ...{
      appProtocol: 'kubernetes.io/ws',
      answerBytes: 0,
      bodyBytes: 100,
      work: { kind: 'websocket', messageBytes: 100 },
    },
    request: headOf(
      `GET ${PATH_PREFIX}/ws`,
      'websocket',
      'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAECAwQFBgcICQoLDA0ODw==\r\n',
    ),
  },
  {
    ...{ name: 'tcp', share: 0.02, serves: 'tcp', isMoving: false, connections: 1, tunnels: 8, status: 200 },
    ...{ appProtocol: 'tcp', route: undefined, request: '', answerBytes: 1, bodyBytes: 1 },
    work: { kind: 'tcp', verb: 'echo', bytes: 1, isFresh: false },
  },
  {
    ...{ name: 'tcp-fresh', share: 0.01, serves: 'tcp', isMoving: true, connections: 1, tunnels: 8, status: 200 },
    ...{ appProtocol: 'tcp', route: undefined, request: '', answerBytes: 1, bodyBytes: 1, isFresh: true },
    work: { kind: 'tcp', verb: 'echo', bytes: 1, isFresh: false },
  },
]
