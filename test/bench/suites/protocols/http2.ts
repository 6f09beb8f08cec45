/**
 * The suites `grpc` and `h2c`: HTTP/2 by prior knowledge inside of HBONE, on one connection in one tunnel of each
 * client connection. Peers get the same requests on as many HTTP/2 connections.
 */
import type { Work } from '../../load/plan.ts'
import { messageBodyBytes } from '../../pipes/grpc-message.ts'
import { SERVICE_HOST } from '../../proxies/objects.ts'
import { GRPC_SERVICE, PATH_PREFIX } from '../../proxies/traffic.ts'
import type { CaseLoad, MeshCase, MeshSuite } from '../mesh-case.ts'

const REQUEST_BYTES = 128
const ANSWER_BYTES = 1024
/** Goal of unary calls at 1x64, of nginx with TLS on both sides. */
const MAX_GRPC_RATIO = 0.8

const fieldsOf = (method: string, path: string, rest: readonly string[]): readonly string[] => [
  ...[':method', method, ':scheme', 'http', ':path', path, ':authority', SERVICE_HOST],
  ...rest,
  ...['user-agent', 'fairway-bench'],
]

const grpcWork: Work = {
  kind: 'h2',
  streams: 1,
  fields: fieldsOf('POST', `/${GRPC_SERVICE}/GetItem`, ['te', 'trailers', 'content-type', 'application/grpc']),
  messageBytes: REQUEST_BYTES,
}

const h2cWork: Work = {
  kind: 'h2',
  streams: 1,
  fields: fieldsOf('GET', `${PATH_PREFIX}/v1/items?page=3`, ['accept', '*/*']),
  messageBytes: undefined,
}

const casesOf = (name: string, load: CaseLoad, maxRatio?: number): readonly MeshCase[] => {
  const toOne = { out: 'hbone', destinations: 1, peers: 'multiplexed', load } as const
  const goal = maxRatio === undefined ? {} : { maxRatio }
  return [
    { ...toOne, ...goal, name: `${name}-1x64`, connections: 1, tunnels: 64 },
    { ...toOne, name: `${name}-8x8`, connections: 8, tunnels: 8 },
    { ...toOne, name: `${name}-64x1`, connections: 64, tunnels: 1, destinations: 16 },
    { ...toOne, name: `${name}-direct-1x64`, out: 'direct', connections: 1, tunnels: 64, peers: 'none' },
  ]
}

/** Unary calls: a message of 128 bytes, one of 1 KB back, and trailers. */
export const grpcSuite: MeshSuite = {
  name: 'grpc',
  traffic: 'grpc',
  serves: 'h2',
  backendBytes: ANSWER_BYTES,
  cases: casesOf('grpc', { request: '', bodyBytes: messageBodyBytes(ANSWER_BYTES), work: grpcWork }, MAX_GRPC_RATIO),
}

/** GET with answers of 1 KB. nginx speaks HTTP/1.1 to the destinations: it has nothing else for what is not gRPC. */
export const h2cSuite: MeshSuite = {
  name: 'h2c',
  traffic: 'h2c',
  serves: 'h2',
  backendBytes: ANSWER_BYTES,
  cases: casesOf('h2c', { request: '', bodyBytes: ANSWER_BYTES, work: h2cWork }),
}
