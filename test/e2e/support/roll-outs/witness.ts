import { bulkPath } from '../../../bench/backend/bulk.ts'
import { dialHbone, openTunnel } from '../../../bench/pipes/hbone-connection.ts'
import type { Pipe, PipeUser } from '../../../bench/pipes/pipe.ts'
import { createTurnFlush } from '../../../bench/load/turn-flush.ts'
import type { TlsFiles } from '../../../bench/load/plan.ts'
import { PATH_PREFIX } from '../../../bench/proxies/traffic.ts'
import { tlsOptions } from '../../../bench/support/tls-options.ts'
import { H2Connection } from '../../../../src/http/h2/connection.ts'
import { ignoreStream } from '../../../../src/http/h2/stream.ts'
import { soakServices } from '../../../soak/stage/workloads.ts'
import { vipOf } from '../../../soak/stage/configuration.ts'
import { FrameLedger, GOAWAY_TYPE } from './frame-ledger.ts'
import type { Goaway } from './frame-ledger.ts'

/** More than can be read while a waypoint drains. */
const ENDLESS_BYTES = 4 * 2 ** 30

/** What somebody saw whose connection outlived the deadline. */
export interface Testimony {
  /** Of the HBONE connection, and of HTTP/2 in a tunnel on it. */
  readonly outer: Ending
  readonly inner: Ending
  /** Of a long answer that was being read to the last. */
  readonly bodyBytes: number
  /** Why the tunnels with the long answer, and with a WebSocket, ended. */
  readonly tunnels: readonly string[]
  /** TLS was closed, not broken off. */
  readonly isClean: boolean
}

export interface Ending {
  readonly frames: number
  readonly isAtBoundary: boolean
  /** Nothing came behind the last GOAWAY. */
  readonly endsWithGoaway: boolean
  readonly goaways: readonly Goaway[]
}

export interface Witness {
  /** Settles when everything that it wants to last has begun. */
  readonly ready: Promise<void>
  /** Settles when its connection is gone. */
  readonly testimony: Promise<Testimony>
}

/** Has a long answer, a request over HTTP/2 that does not end, and a WebSocket, each in a tunnel of one connection. */
export const callWitness = (port: number, tls: TlsFiles): Witness => {
  const [outer, inner] = [new FrameLedger(), new FrameLedger()]
  const tunnels: string[] = []
  const begun = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  const [hasBody, hasCall, hasSocket] = begun
  const flush = createTurnFlush()
  let bodyBytes = 0
  const options = { tls: tlsOptions(tls), host: '127.0.0.1', port, hasLargeWindows: false }
  const open = (name: string, use: PipeUser): void =>
    openTunnel(h2, { authority: authorityOf(name), onRefused: (why) => tunnels.push(`${name}: ${why}`) }, use)
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>()
  const { socket, h2 } = dialHbone(options, flush, {
    onReady: () => {
      open('download', (pipe) =>
        readSlowly(
          pipe,
          'download',
          (bytes) => {
            bodyBytes += bytes
            hasBody?.resolve()
          },
          (why) => tunnels.push(`download: ${why}`),
        ),
      )
      open('h2', (pipe) => callEndlessly(pipe, inner, () => hasCall?.resolve()))
      open('websocket', (pipe) =>
        upgrade(
          pipe,
          () => hasSocket?.resolve(),
          (why) => tunnels.push(`websocket: ${why}`),
        ),
      )
    },
    onGoaway: () => {},
    onClose: () => onClose(),
  })
  socket.on('data', (chunk: Buffer) => outer.feed(chunk))
  let isClean = false
  socket.on('end', () => (isClean = true))
  const endingOf = (ledger: FrameLedger): Ending => ({
    frames: ledger.frames,
    isAtBoundary: ledger.isAtBoundary,
    endsWithGoaway: ledger.lastType === GOAWAY_TYPE,
    goaways: ledger.goaways,
  })
  const testify = async (): Promise<Testimony> => {
    await closed
    return { outer: endingOf(outer), inner: endingOf(inner), bodyBytes, tunnels, isClean }
  }
  const begin = async (): Promise<void> => void (await Promise.all(begun.map(({ promise }) => promise)))
  return { ready: begin(), testimony: testify() }
}

const authorityOf = (name: string): string => `${vipOf(soakServices.findIndex((one) => one.name === name))}:80`

const headOf = (name: string, line: string, fields = ''): Buffer =>
  Buffer.from(`${line} HTTP/1.1\r\nhost: ${name}.shop.svc.cluster.local\r\n${fields}\r\n`)

const readSlowly = (
  pipe: Pipe,
  name: string,
  onBytes: (bytes: number) => void,
  onLost: (why: string) => void,
): ReturnType<PipeUser> => {
  pipe.write(headOf(name, `GET ${bulkPath(ENDLESS_BYTES)}`))
  return {
    onData: (_buffer, start, end) => onBytes(end - start),
    onDrain: () => {},
    onEnd: () => onLost('ended'),
    onLost,
  }
}

const callEndlessly = (pipe: Pipe, ledger: FrameLedger, onBegun: () => void): ReturnType<PipeUser> => {
  const connection: H2Connection = new H2Connection(
    {
      onOutput: () => setImmediate(() => pipe.write(connection.take())),
      onStream: () => ignoreStream,
      onGoaway: () => {},
      onSettings: () => {
        if (connection.openStreams > 0) return
        const path = `${PATH_PREFIX}/v1/items`
        const fields = [':method', 'PUT', ':scheme', 'http', ':path', path, ':authority', 'h2.shop.svc.cluster.local']
        connection.open(fields, ignoreStream, false)
        connection.ping()
      },
      // Behind the request: it has been taken.
      onPong: onBegun,
      onStreamClosed: () => {},
      onFailure: () => {},
    },
    { role: 'client' },
  )
  connection.start()
  return {
    onData: (buffer, start, end) => {
      ledger.feed(buffer, start, end)
      connection.feed(Buffer.from(buffer.subarray(start, end)))
    },
    onDrain: () => {},
    onEnd: () => pipe.end(),
    onLost: () => {},
  }
}

const upgrade = (pipe: Pipe, onBegun: () => void, onLost: (why: string) => void): ReturnType<PipeUser> => {
  const key = Buffer.alloc(16, 1).toString('base64')
  const fields = `connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n`
  pipe.write(headOf('websocket', `GET ${PATH_PREFIX}/ws`, fields))
  return {
    onData: (buffer, start, end) => {
      if (buffer.toString('latin1', start, end).startsWith('HTTP/1.1 101 ')) onBegun()
    },
    onDrain: () => {},
    onEnd: () => onLost('ended'),
    onLost,
  }
}
