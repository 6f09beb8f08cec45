/** Every client with the service it is meant for, in memory; and what clients say when nobody understands them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bulkPath } from '../../backend/bulk.ts'
import type { BackendPlan, ServiceKind } from '../../backend/plan.ts'
import { ADDED_HEADER, formatAnswerHead } from '../../backend/responder.ts'
import { createService } from '../../backend/services/service.ts'
import { createTally } from '../../backend/tally.ts'
import { messageBodyBytes } from '../../pipes/grpc-message.ts'
import type { Pipe, PipeHandler, PipeUser } from '../../pipes/pipe.ts'
import type { LaneOwner } from '../lane.ts'
import type { LoadPlan, Work } from '../plan.ts'
import { createTurnFlush } from '../turn-flush.ts'
import { createClient } from './client.ts'

const tls = { certFile: '', keyFile: '', caFile: '' }
const LONG_BYTES = 200_000

/** One end of a connection in memory: what is written arrives in pieces in a later turn, and then it has drained. */
const pipeTo = (other: () => PipeHandler, own: () => PipeHandler, pieceBytes: number): Pipe => {
  let isOver = false
  const later = (run: () => void): void => {
    setImmediate(() => {
      if (!isOver) run()
    })
  }
  return {
    write: (bytes) => {
      later(() => {
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          other().onData(bytes, at, Math.min(bytes.length, at + pieceBytes))
        }
        own().onDrain()
      })
      return false
    },
    end: () => later(() => other().onEnd()),
    destroy: () => (isOver = true),
  }
}

const join = (useClient: PipeUser, serve: PipeUser, pieceBytes: number): void => {
  const deaf: PipeHandler = { onData: () => {}, onDrain: () => {}, onEnd: () => {}, onLost: () => {} }
  let client = deaf
  let server = deaf
  const toServer = () => server
  const toClient = () => client
  server = serve(pipeTo(toClient, toServer, pieceBytes))
  client = useClient(pipeTo(toServer, toClient, pieceBytes))
}

interface Outcome {
  readonly answers: readonly string[]
  readonly bytes: number
  readonly lost: string | undefined
}

/** Runs the plan's client against `serve` until so many answers came or something was lost. */
const run = (plan: LoadPlan, serve: PipeUser, options: { wanted: number; pieceBytes: number }): Promise<Outcome> =>
  new Promise((resolve) => {
    const answers: string[] = []
    let bytes = 0
    const owner: LaneOwner = {
      onOpen: (lane) => setImmediate(lane.send),
      onBytes: (count) => (bytes += count),
      onLost: (lost) => resolve({ answers, bytes, lost }),
      onAnswer: (lane, status, bodyBytes) => {
        answers.push(`${status} ${bodyBytes}`)
        if (answers.length === options.wanted) resolve({ answers: [...answers], bytes, lost: undefined })
        else if (answers.length < options.wanted) lane.send()
      },
    }
    const client = createClient(plan, { owner, flush: createTurnFlush() })
    client({ open: (use) => join(use, serve, options.pieceBytes) })
  })

const planOf = (given: Partial<LoadPlan>): LoadPlan => ({
  ...{ mode: 'hbone', host: '', port: 1, connections: 1, tunnels: 1, authority: '', warmupMs: 0, windowMs: 0, tls },
  ...{ request: `GET /api/a HTTP/1.1\r\n${ADDED_HEADER}: api\r\n\r\n`, bodyBytes: 10 },
  ...given,
})

const serviceOf = (serves: ServiceKind, tally = createTally()): PipeUser => {
  const ports = { addresses: [], hbonePort: 1, httpPort: 1, httpsPort: 1 }
  const plan: BackendPlan = { ...ports, serves, bodyBytes: serves === 'tcp' ? LONG_BYTES : 10, tls }
  return createService(plan, tally, createTurnFlush())
}

const h2Work = (messageBytes: number | undefined, method = 'GET'): Work => ({
  kind: 'h2',
  streams: 3,
  fields: [
    ...[':method', method, ':scheme', 'http', ':path', '/a', ':authority', 'a', ADDED_HEADER, 'api'],
    ...(messageBytes === undefined ? [] : ['content-type', 'application/grpc']),
  ],
  messageBytes,
})
const tcpWork = (verb: 'echo' | 'download' | 'upload', isFresh = false): Work => ({
  ...{ kind: 'tcp', verb, isFresh },
  bytes: verb === 'echo' ? 1 : LONG_BYTES,
})
const upload = `POST /api/a HTTP/1.1\r\n${ADDED_HEADER}: api\r\ncontent-length: ${LONG_BYTES}\r\n\r\n`
const download = `GET ${bulkPath(LONG_BYTES)} HTTP/1.1\r\n${ADDED_HEADER}: api\r\n\r\n`
const upgrade = `GET /a HTTP/1.1\r\n${ADDED_HEADER}: api\r\nupgrade: websocket\r\nsec-websocket-key: a\r\n\r\n`

const cases: readonly (readonly [string, ServiceKind, Partial<LoadPlan>, { answer: string; bytes: number }])[] = [
  ['HTTP/1.1', 'http', { tunnels: 2 }, { answer: '200 10', bytes: 0 }],
  ['HTTP/2', 'h2', { work: h2Work(undefined) }, { answer: '200 10', bytes: 0 }],
  ['gRPC', 'h2', { work: h2Work(7, 'POST') }, { answer: `200 ${messageBodyBytes(10)}`, bytes: 0 }],
  ['HTTP/1.1 where HTTP/2 is spoken too', 'h2', {}, { answer: '200 10', bytes: 0 }],
  [
    'uploads',
    'bodies',
    { request: upload, work: { kind: 'bodies', uploadBytes: LONG_BYTES } },
    { answer: '200 10', bytes: 5 * LONG_BYTES },
  ],
  [
    'downloads',
    'bodies',
    { request: download, work: { kind: 'bodies', uploadBytes: undefined } },
    { answer: `200 ${LONG_BYTES}`, bytes: 5 * (LONG_BYTES + formatAnswerHead(LONG_BYTES).length) },
  ],
  [
    'WebSocket',
    'websocket',
    { request: upgrade, work: { kind: 'websocket', messageBytes: 100 } },
    { answer: '200 100', bytes: 0 },
  ],
  ['TCP echo', 'tcp', { tunnels: 2, work: tcpWork('echo') }, { answer: '200 1', bytes: 0 }],
  ['TCP echo on new connections', 'tcp', { work: tcpWork('echo', true) }, { answer: '200 1', bytes: 0 }],
  ['TCP one way', 'tcp', { work: tcpWork('download') }, { answer: `200 ${LONG_BYTES}`, bytes: 5 * LONG_BYTES }],
  ['TCP the other way', 'tcp', { work: tcpWork('upload') }, { answer: `200 ${LONG_BYTES}`, bytes: 5 * LONG_BYTES }],
]

describe('client and service understand each other, however the bytes are cut', () => {
  for (const [name, serves, plan, { answer, bytes }] of cases) {
    // The responder looks for the header in the first piece alone.
    for (const pieceBytes of [40, 65_536]) {
      test(`${name}, in pieces of ${pieceBytes} bytes`, async () => {
        const tally = createTally()
        const outcome = await run(planOf(plan), serviceOf(serves, tally), { wanted: 5, pieceBytes })
        assert.deepEqual(outcome, { answers: Array.from({ length: 5 }, () => answer), bytes, lost: undefined })
        const { requests, withoutHeader } = tally.take()
        assert.ok(requests >= 5, `${requests} requests were counted`)
        assert.equal(withoutHeader, 0)
      })
    }
  }
})

/** Answers the first bytes with a text, and nothing more. */
const saying =
  (text: string): PipeUser =>
  (pipe) => {
    let isSaid = false
    return {
      onData: () => {
        if (!isSaid) pipe.write(Buffer.from(text, 'latin1'))
        isSaid = true
      },
      onDrain: () => {},
      onEnd: () => {},
      onLost: () => {},
    }
  }

describe('what a proxy cannot do is said in words', () => {
  const refused = 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'
  for (const [name, plan, text, why] of [
    ['HTTP/2', { work: h2Work(undefined) }, refused, /does not take HTTP\/2: it answered HTTP\/1\.1 400 Bad Request/],
    ['WebSocket', { work: { kind: 'websocket', messageBytes: 1 } }, refused, /upgrade was answered HTTP\/1\.1 400/],
    ['TCP', { work: tcpWork('echo') }, 'two', /3 bytes came for 1/],
  ] as const) {
    test(name, async () => {
      const outcome = await run(planOf(plan), saying(text), { wanted: 1, pieceBytes: 65_536 })
      assert.match(outcome.lost ?? '', why)
    })
  }
})

test('a request without the route’s header is noticed by every service', async () => {
  const h2: Work = {
    kind: 'h2',
    streams: 1,
    fields: [':method', 'GET', ':scheme', 'http', ':path', '/'],
    messageBytes: undefined,
  }
  for (const [serves, plan] of [
    ['http', { request: 'GET / HTTP/1.1\r\n\r\n' }],
    ['h2', { work: h2 }],
    ['bodies', { request: `GET ${bulkPath(10)} HTTP/1.1\r\n\r\n` }],
    ['websocket', { request: upgrade.replace(ADDED_HEADER, 'other'), work: { kind: 'websocket', messageBytes: 1 } }],
  ] as const) {
    const tally = createTally()
    await run(planOf(plan), serviceOf(serves, tally), { wanted: 1, pieceBytes: 65_536 })
    assert.equal(tally.take().withoutHeader, 1, serves)
  }
})
