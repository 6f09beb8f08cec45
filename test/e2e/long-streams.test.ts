/** Answers and uploads that take as long as they take: nothing is gathered, and nobody is cut off for being slow. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createH1, request as requestH1 } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer as createH2 } from 'node:http2'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Writable } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import { advanceInSteps, createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { openDoor } from '../support/mesh/door.ts'
import type { Door } from '../support/mesh/door.ts'
import { Mesh, until } from '../support/mesh/mesh.ts'
import type { MeshOptions } from '../support/mesh/mesh.ts'
import { arrivals } from '../support/turns.ts'

const MIB = 1 << 20
const MINUTE_MS = 60_000
/** A sign of life has longer than that to be answered. */
const STEP_MS = 3000

type Request = IncomingMessage | Http2ServerRequest
type Response = (ServerResponse | Http2ServerResponse) & Writable
type Respond = (request: Request, response: Response) => void

let mesh: Mesh
let door: Door
const owned: (() => void)[] = []
afterEach(async () => {
  for (const close of owned.splice(0)) close()
  door.close()
  await mesh.close()
})

interface Versions {
  readonly client: 1 | 2
  readonly server: 1 | 2
}

const start = async (respond: Respond, { server: version }: Versions, options: MeshOptions = {}): Promise<void> => {
  const server = version === 1 ? createH1(respond) : createH2(respond)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owned.push(() => void server.close())
  mesh = await Mesh.start(options)
  const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port: (server.address() as AddressInfo).port })]
  const protocol = version === 1 ? 'http' : 'http2'
  mesh.apply(mesh.model({ endpoints: [{ key: formatEndpointKey('shop', 'api', 80), protocol, endpoints }] }))
  door = await openDoor(mesh)
}

/** A request whose body is written by the test; the answer to it when its head has come. */
const send = (version: 1 | 2, method: string): { readonly body: Writable; readonly answer: Promise<Readable> } => {
  const origin = `http://127.0.0.1:${door.port}`
  if (version === 1) {
    const body = requestH1(origin, { method, agent: false })
    body.on('error', () => {})
    owned.push(() => body.destroy())
    return { body, answer: once(body, 'response').then(([response]) => response as IncomingMessage) }
  }
  const session = connect(origin)
  session.on('error', () => {})
  owned.push(() => session.destroy())
  const stream = session.request({ ':method': method, ':path': '/' }, { endStream: false })
  return { body: stream, answer: once(stream, 'response').then(() => stream) }
}

const get = async (version: 1 | 2): Promise<Readable> => {
  const { body, answer } = send(version, 'GET')
  body.end()
  return answer
}

/** The text that comes until there is so much of it. */
const read = async (stream: Readable, length: number): Promise<string> => {
  let text = ''
  while (text.length < length) {
    const piece = stream.read() as Buffer | null
    if (piece === null) await once(stream, 'readable')
    else text += piece.toString()
  }
  return text
}

const pairs: readonly Versions[] = [
  { client: 1, server: 1 },
  { client: 1, server: 2 },
  { client: 2, server: 1 },
  { client: 2, server: 2 },
]

for (const versions of pairs) {
  describe(`HTTP/${versions.client} to HTTP/${versions.server}`, () => {
    let clock: FakeClock
    let response: Response

    it('events arrive one by one, with many minutes between them', async () => {
      clock = createFakeClock()
      await start(
        (_request, each) => {
          response = each
          response.setHeader('content-type', 'text/event-stream')
          response.write('data: 0\n\n')
        },
        versions,
        { clock },
      )
      const events = await get(versions.client)
      assert.equal(await read(events, 9), 'data: 0\n\n')
      for (let i = 1; i < 5; i++) {
        await advanceInSteps(clock, 20 * MINUTE_MS, STEP_MS)
        response.write(`data: ${i}\n\n`)
        assert.equal(await read(events, 9), `data: ${i}\n\n`)
      }
      response.end()
      events.resume()
      await once(events, 'end')
      assert.equal((await mesh.record(1)).flags, '-')
    })

    it('an answer that comes a byte a minute comes whole', async () => {
      clock = createFakeClock()
      const text = 'what a model says, word by word, for two hours and more of thinking. '.repeat(2)
      await start(
        (_request, each) => {
          response = each
          response.setHeader('content-length', text.length)
          response.write(text.slice(0, 1))
        },
        versions,
        { clock },
      )
      const stream = await get(versions.client)
      let got = await read(stream, 1)
      for (const byte of text.slice(1)) {
        await advanceInSteps(clock, MINUTE_MS, STEP_MS)
        response.write(byte)
        got += await read(stream, 1)
      }
      response.end()
      assert.equal(got, text)
    })

    it('an upload that comes a byte in four minutes arrives byte by byte', async () => {
      clock = createFakeClock()
      let got = ''
      await start(
        (request, each) => {
          request.on('data', (piece: Buffer) => (got += piece.toString()))
          request.on('end', () => each.end('thanks'))
        },
        versions,
        { clock },
      )
      const { body, answer } = send(versions.client, 'POST')
      for (const [i, byte] of Array.from('slowly').entries()) {
        body.write(byte)
        await until(() => got.length === i + 1)
        await advanceInSteps(clock, 4 * MINUTE_MS, STEP_MS)
      }
      body.end()
      assert.equal(await read(await answer, 6), 'thanks')
      assert.equal(got, 'slowly')
    })

    it('a client that does not read stops the server, and both go on later', async () => {
      let taken = 0
      const piece = Buffer.alloc(64 * 1024, 'd')
      await start((_request, each) => {
        const go = (): void => {
          while (taken < 32 * MIB) {
            taken += piece.length
            if (!each.write(piece)) return void each.once('drain', go)
          }
          each.end()
        }
        go()
      }, versions)
      const stream = await get(versions.client)
      await arrivals(100)
      const [stalled, held] = [taken, mesh.counters.heldBytes]
      await arrivals(100)
      assert.ok(taken === stalled && stalled < 16 * MIB, `${stalled} bytes were taken, then ${taken}`)
      assert.ok(held <= MIB, `${held} bytes are held`)
      let got = 0
      for await (const each of stream) got += (each as Buffer).length
      assert.equal(got, 32 * MIB)
    })

    it('a server that does not read stops the client, and both go on later', async () => {
      let got = 0
      let readOn = (): void => {}
      await start((request, each) => {
        readOn = () => request.on('data', (chunk: Buffer) => (got += chunk.length))
        request.on('end', () => each.end('thanks'))
      }, versions)
      const { body, answer } = send(versions.client, 'POST')
      let sent = 0
      const upload = new Readable({
        highWaterMark: 64 * 1024,
        read() {
          const isEnd = sent >= 32 * MIB
          if (!isEnd) sent += 64 * 1024
          this.push(isEnd ? null : Buffer.alloc(64 * 1024, 'u'))
        },
      })
      upload.pipe(body)
      await arrivals(100)
      const stalled = sent
      await arrivals(100)
      assert.ok(sent === stalled && stalled < 16 * MIB, `${stalled} bytes were sent, then ${sent}`)
      assert.ok(mesh.counters.heldBytes <= MIB, `${mesh.counters.heldBytes} bytes are held`)
      readOn()
      assert.equal(await read(await answer, 6), 'thanks')
      assert.equal(got, 32 * MIB)
    })
  })
}
