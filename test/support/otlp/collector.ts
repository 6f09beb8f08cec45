import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as grpc from '@grpc/grpc-js'
import { readLogs, type ReceivedLog } from './read-logs.ts'
import { readSpans, type ReceivedSpan } from './read-spans.ts'

/** How a collector meets a report. */
export type Mood =
  | { readonly kind: 'takes' }
  /** Never answers. */
  | { readonly kind: 'silent' }
  /** By gRPC's code, or the status of HTTP. */
  | { readonly kind: 'refuses'; readonly code: number }

type Signal = 'traces' | 'logs'

const methods: Readonly<Record<string, Signal>> = {
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
}

const paths: Readonly<Record<string, Signal>> = { '/v1/traces': 'traces', '/v1/logs': 'logs' }

/** A collector of spans and of records of logs, by gRPC and by HTTP. */
export class Collector implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = []
  readonly logs: ReceivedLog[] = []
  /** Fields of the reports, the last one last. */
  readonly headers: Readonly<Record<string, unknown>>[] = []
  mood: Mood = { kind: 'takes' }
  reports = 0
  readonly #grpc: grpc.Server
  readonly #http: Server
  /** Ports. */
  readonly grpcPort: number
  readonly httpPort: number

  private constructor(parts: { grpc: grpc.Server; http: Server; grpcPort: number; httpPort: number }) {
    this.#grpc = parts.grpc
    this.#http = parts.http
    this.grpcPort = parts.grpcPort
    this.httpPort = parts.httpPort
  }

  static async start(host = '127.0.0.1'): Promise<Collector> {
    const server = new grpc.Server()
    const taking: { by: Collector | undefined } = { by: undefined }
    const method = {
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    } as const
    for (const [path, signal] of Object.entries(methods)) {
      server.addService(
        { export: { ...method, path } },
        {
          export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
            const mood = taking.by?.take(signal, call.request, call.metadata.getMap())
            if (mood?.kind === 'refuses') answer({ code: mood.code, details: 'not now' })
            else if (mood?.kind === 'takes') answer(null, Buffer.alloc(0))
          },
        },
      )
    }
    const grpcPort = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${host}:0`, grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      )
    })
    const http = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const signal = paths[request.url ?? '']
        if (signal === undefined) return void response.writeHead(404).end()
        const mood = taking.by?.take(signal, Buffer.concat(pieces), request.headers)
        if (mood?.kind === 'refuses') response.writeHead(mood.code).end()
        else if (mood?.kind === 'takes') response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
      })
    }).listen(0, host)
    await once(http, 'listening')
    // Of a server that listens on TCP.
    const { port: httpPort } = http.address() as AddressInfo
    const collector = new Collector({ grpc: server, http, grpcPort, httpPort })
    taking.by = collector
    return collector
  }

  take(signal: Signal, bytes: Buffer, headers: Readonly<Record<string, unknown>>): Mood {
    this.reports++
    this.headers.push(headers)
    if (this.mood.kind !== 'takes') return this.mood
    if (signal === 'traces') this.spans.push(...readSpans(bytes))
    else this.logs.push(...readLogs(bytes))
    return this.mood
  }

  /** Spans of servers, or of clients. */
  of(kind: 'server' | 'client'): readonly ReceivedSpan[] {
    return this.spans.filter((span) => span.kind === (kind === 'server' ? 2 : 3))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#grpc.forceShutdown()
    this.#http.closeAllConnections()
    this.#http.close()
    await once(this.#http, 'close')
  }
}
