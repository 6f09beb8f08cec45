/**
 * A pod as a process of its own, so that it can be killed: a ztunnel of node:http2, and an application that answers
 * HTTP/1.1 in as few words as will do. Its plan is its argument; it talks to its parent over IPC and ends with it.
 *
 * `/stream` is answered in pieces for as long as the plan says, `/bytes/N` with so many as fast as they are taken,
 * everything else at once.
 */
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FromPod, PodCounts, PodPlan } from './pod-plan.ts'

// Only `startPodProcess` writes it.
const plan = JSON.parse(process.argv[2] ?? '') as PodPlan
const PIECE = Buffer.alloc(64 * 1024, 'x')
const headEnd = '\r\n\r\n'
const sessions = new Set<ServerHttp2Session>()
/** Tunnels and connections of the application, and whether a request is under way in each. */
const tunnels = new Map<Duplex, { isBusy: boolean }>()
const counts = {
  connections: 0,
  prefaces: 0,
  tunnels: 0,
  requests: 0,
  streams: 0,
  bytes: 0,
  hosts: {} as Record<string, number>,
}
let isDraining = false

const tell = (message: FromPod): void => void process.send?.(message)

const createZtunnel = (tls: NonNullable<PodPlan['tls']>): Http2SecureServer => {
  const ztunnel = createSecureServer({ ...tls, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true })
  ztunnel.on('sessionError', () => {})
  ztunnel.on('session', (session) => {
    sessions.add(session)
    session.once('remoteSettings', () => void counts.prefaces++)
    session.once('close', () => sessions.delete(session))
  })
  ztunnel.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    if (headers[':method'] !== 'CONNECT') return stream.respond({ ':status': 405 }, { endStream: true })
    if (isDraining) return stream.respond({ ':status': 503 }, { endStream: true })
    stream.respond({ ':status': 200 })
    counts.tunnels++
    return serve(stream)
  })
  return ztunnel
}

const createPlain = (): Server =>
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  })

const serve = (stream: Duplex): void => {
  const state = { isBusy: false }
  tunnels.set(stream, state)
  stream.once('close', () => tunnels.delete(stream))
  let text = ''
  stream.setEncoding('latin1')
  stream.on('end', () => stream.end())
  stream.on('data', (piece: string) => {
    text += piece
    for (;;) {
      const end = text.indexOf(headEnd)
      if (end < 0) return
      const head = text.slice(0, end)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (text.length < end + headEnd.length + length) return
      text = text.slice(end + headEnd.length + length)
      onRequest(stream, state, head)
    }
  })
}

const onRequest = (stream: Duplex, state: { isBusy: boolean }, head: string): void => {
  if (counts.requests++ === 0) tell({ kind: 'first-request', atMs: Date.now() })
  const host = /\r\nhost: *([^\r]*)/i.exec(head)?.[1] ?? ''
  counts.hosts[host] = (counts.hosts[host] ?? 0) + 1
  if (head.startsWith('GET /stream ')) return pour(stream, state)
  const size = /^GET \/bytes\/(\d+) /.exec(head)?.[1]
  if (size !== undefined) return pourBytes(stream, Number(size))
  const close = isDraining ? 'connection: close\r\n' : ''
  stream.write(`HTTP/1.1 ${plan.status ?? 200} S\r\n${close}content-length: 2\r\nx-pod: ${plan.name}\r\n\r\nok`)
  if (isDraining) stream.end()
  return undefined
}

const pour = (stream: Duplex, state: { isBusy: boolean }): void => {
  const { pieces, everyMs } = plan.stream ?? { pieces: 10, everyMs: 100 }
  state.isBusy = true
  counts.streams++
  let left = pieces
  stream.write(`HTTP/1.1 200 S\r\ntransfer-encoding: chunked\r\nx-pod: ${plan.name}\r\n\r\n`)
  const timer = setInterval(() => {
    if (left-- > 0) return void stream.write('5\r\npiece\r\n')
    clearInterval(timer)
    state.isBusy = false
    stream.write('0\r\n\r\n')
    return void (isDraining && stream.end())
  }, everyMs)
  stream.once('close', () => clearInterval(timer))
}

const pourBytes = (stream: Duplex, size: number): void => {
  stream.write(`HTTP/1.1 200 S\r\ncontent-length: ${size}\r\nx-pod: ${plan.name}\r\n\r\n`)
  let left = size
  const next = (): void => {
    if (left === 0 || stream.destroyed) return
    const piece = PIECE.subarray(0, left)
    left -= piece.length
    counts.bytes += piece.length
    stream.write(piece, next)
  }
  next()
}

const server = plan.tls === undefined ? createPlain() : createZtunnel(plan.tls)
server.on('connection', () => void counts.connections++)

/** As an application ends on SIGTERM: nothing new, idle connections are closed, what is under way is finished. */
const drain = (): void => {
  isDraining = true
  server.close(() => process.exit(0))
  for (const [tunnel, { isBusy }] of tunnels) if (!isBusy) tunnel.end()
  for (const session of sessions) session.close()
}

process.on('SIGTERM', () => void setTimeout(drain, plan.serveOnMs ?? 0))
process.on('disconnect', () => process.exit(0))
process.on('message', () => tell({ kind: 'counts', counts: counts satisfies PodCounts }))
server.listen(plan.port, plan.address, () => tell({ kind: 'listening' }))
