import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { unknownSource } from '../../../test/support/exchange-records.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import { MemoryChannel } from '../../../test/support/mesh/memory-channel.ts'
import { helloMessage, inRecords, serverName } from '../../../test/support/tls/hello-bytes.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { TunnelKind } from '../../snapshot/resolve-tcp.ts'
import { Counters } from '../counters.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'
import { SourceLoad } from '../overload/source-load.ts'
import { PlainGroups } from '../tcp/plain-groups.ts'
import { Balancer } from '../balance/balancer.ts'
import { ServiceLoads } from '../balance/limits/service-loads.ts'
import { PlainPools } from '../../../test/support/upstream/plain-pools.ts'
import { Tunnels } from './tunnels.ts'
import type { ServedChannel, TunnelServer } from './tunnel-server.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const HELLO = inRecords(helloMessage([serverName('api.example')])).toString('latin1')

/** Stands for a server of HTTP. */
class Recorder implements TunnelServer {
  seen = ''
  isEnded = false
  readonly #channel: ServedChannel

  constructor(channel: ServedChannel) {
    this.#channel = channel
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.seen += buffer.toString('latin1', start, end)
    this.#channel.consume(end - start)
  }
  onEnd(): void {
    this.isEnded = true
  }
  onClosed(): void {}
  onDrain(): void {}
  readonly calls: string[] = []
  /** Meets a bug whatever is asked of it. */
  isFaulty = false
  tick(): void {
    this.#note('tick')
  }
  closeIfIdle(): void {
    this.#note('closeIfIdle')
  }
  giveUp(): void {
    this.#note('giveUp')
  }
  abort(): void {
    this.calls.push('abort')
  }

  #note(call: string): void {
    this.calls.push(call)
    if (this.isFaulty) throw new Error(call)
  }
}

let clock: FakeClock
let channel: MemoryChannel
let counters: Counters
let records: ExchangeRecord[]
let servers: [string, Recorder][]
let refused: string[]
let tunnels: Tunnels
let faults: string[] | undefined
/** Opens another tunnel beside. */
let openBeside: (on: MemoryChannel, kind: TunnelKind) => void

/** All without a snapshot: what turns out to be TCP is refused as not bound, which tells that it did. */
const open = (kind: TunnelKind, deadlines = defaultDeadlines): void => {
  using pools = new PlainPools({ clock })
  const keep = (name: string) => (served: ServedChannel) => {
    const server = new Recorder(served)
    servers.push([name, server])
    return server
  }
  tunnels = new Tunnels({
    clock,
    counters,
    deadlines,
    http1: keep('http1'),
    http2: keep('http2'),
    tcp: {
      balancer: new Balancer(pools.pools, { turn: 0 }, { clock, random: () => 0 }),
      loads: new ServiceLoads(counters),
      plainGroups: new PlainGroups(),
      connections: { check: () => () => {} },
      takeLease: () => undefined,
      questions: { ask: () => {} },
      clock,
      counters,
      deadlines,
      sink: (record) => records.push(record),
      onError: (message, error) =>
        faults === undefined ? assert.fail(String(error)) : faults.push(`${message}: ${String(error)}`),
      snapshot: () => undefined,
      progress: () => {},
      onRefused: (message) => refused.push(message),
    },
  })
  const destination = { namespace: 'shop', name: 'api', hostname: 'api.shop', port: 80 }
  const load = new SourceLoad('client')
  const origin = { authority: '10.96.0.12:80', source: unknownSource, load, destination }
  openBeside = (on, of) => tunnels.open(on, origin, of)
  openBeside(channel, kind)
}

beforeEach(() => {
  clock = createFakeClock()
  channel = new MemoryChannel()
  counters = new Counters()
  records = []
  servers = []
  refused = []
  faults = undefined
})

const isTcp = (): boolean => channel.ending === 'abort' && records[0]?.details === 'service_not_bound'

const cases: readonly (readonly [TunnelKind, string, string, 'http1' | 'http2' | 'tcp' | 'waits'])[] = [
  ['http', 'a request', 'GET / HTTP/1.1\r\n\r\n', 'http1'],
  ['http', 'a byte', 'G', 'http1'],
  ['http', 'a TLS handshake', HELLO, 'http1'],
  ['http', 'HTTP/2', `${PREFACE}frames`, 'http2'],
  ['http', 'half a preface', PREFACE.slice(0, 12), 'waits'],
  ['http', 'half a preface and something else', `${PREFACE.slice(0, 12)}x`, 'http1'],
  ['sniff', 'a request', 'GET / HTTP/1.1\r\n\r\n', 'http1'],
  ['sniff', 'half a request line', 'GET ', 'waits'],
  ['sniff', 'a request behind an empty line', '\r\nGET  / HTTP/1.1\r\n\r\n', 'http1'],
  ['sniff', 'HTTP/2', `${PREFACE}frames`, 'http2'],
  ['sniff', 'TLS', HELLO, 'tcp'],
  ['sniff', 'something else', '\0\0\0\x08', 'tcp'],
  ['tcp', 'nothing', '', 'tcp'],
  ['tls', 'half a ClientHello', HELLO.slice(0, 50), 'waits'],
  ['tls', 'a ClientHello', HELLO, 'tcp'],
  ['tls', 'no TLS', 'GET / HTTP/1.1', 'tcp'],
]
for (const pieces of [1, 1000]) {
  for (const [kind, name, text, server] of cases) {
    it(`${kind}: ${name}, ${pieces === 1 ? 'byte by byte' : 'at once'}: ${server}`, () => {
      open(kind)
      channel.receive(text, pieces)
      assert.equal(isTcp(), server === 'tcp')
      assert.deepEqual(
        servers.map(([which, { seen }]) => [which, seen]),
        server === 'tcp' || server === 'waits' ? [] : [[server, text]],
      )
      if (server.startsWith('http')) assert.equal(channel.consumed, text.length)
      if (server === 'waits') assert.equal(channel.consumed, 0)
    })
  }
}

describe('the end of what a client says', () => {
  for (const [kind, text, server] of [
    ['http', '', 'http1'],
    ['http', 'PRI *', 'http1'],
    ['sniff', '', 'tcp'],
    ['sniff', 'GET ', 'http1'],
    ['sniff', 'SET a', 'tcp'],
    ['tls', '', 'tcp'],
    ['tls', HELLO.slice(0, 50), 'tcp'],
  ] as const) {
    it(`${kind}: behind ${JSON.stringify(text.slice(0, 8))} it is for ${server}`, () => {
      open(kind)
      channel.receive(text)
      channel.handler.onEnd()
      if (server === 'tcp') return assert.equal(records.length, 1)
      assert.deepEqual(
        servers.map(([which, { seen, isEnded }]) => [which, seen, isEnded]),
        [[server, text, true]],
      )
    })
  }
})

describe('silence', () => {
  for (const text of ['', 'SET a']) {
    it(`on a port of unknown protocol, behind ${JSON.stringify(text)}: TCP after five seconds`, () => {
      open('sniff')
      channel.receive(text)
      clock.advance(4999)
      assert.equal(isTcp(), false)
      clock.advance(1)
      assert.equal(isTcp(), true)
      assert.equal(counters.deadlines.protocolDetection, 1)
    })
  }

  for (const text of ['GE', 'GET ', PREFACE.slice(0, 20)]) {
    it(`on a port of unknown protocol, behind ${JSON.stringify(text)}, which is half of HTTP: HTTP after five seconds`, () => {
      open('sniff')
      channel.receive(text)
      clock.advance(5000)
      assert.deepEqual(
        servers.map(([which, { seen }]) => [which, seen]),
        [['http1', text]],
      )
    })
  }

  it('is waited for without end where no time is set; nothing is left of a timer', () => {
    open('sniff', { ...defaultDeadlines, protocolDetectionMs: 0 })
    assert.equal(clock.pending(), 0)
    channel.receive('GET / HTTP/1.1\r\n')
    assert.equal(servers.length, 1)
  })

  it('that ends in time leaves no timer', () => {
    open('sniff')
    channel.receive('GET / HTTP/1.1\r\n')
    assert.equal(clock.pending(), 0)
    channel = new MemoryChannel()
    open('sniff')
    channel.handler.onClosed(true, false)
    assert.equal(clock.pending(), 0)
  })

  const tick = (nowMs: number): void => tunnels.tick(nowMs)

  it('behind half a preface on a port of HTTP is bounded as that of a head', () => {
    open('http')
    channel.receive(PREFACE.slice(0, 20))
    for (const nowMs of [0, 59_999]) tick(nowMs)
    assert.equal(channel.ending, 'open')
    tick(60_000)
    assert.equal(channel.ending, 'end')
    assert.equal(counters.deadlines.requestHead, 1)
    assert.equal(channel.consumed, 20)
    channel.receive('more')
    assert.equal(channel.consumed, 24)
    // Whoever does not follow is cut off.
    for (const nowMs of [61_000, 65_000]) tick(nowMs)
    assert.equal(channel.ending, 'end')
    tick(65_001)
    assert.equal(channel.ending, 'cut')
  })

  it('of a client that never began is bounded as that between requests', () => {
    open('http')
    for (const nowMs of [0, 3_599_999]) tick(nowMs)
    assert.equal(channel.ending, 'open')
    tick(3_600_000)
    assert.equal(channel.ending, 'end')
    assert.equal(counters.deadlines.keepAliveIdle, 1)
    channel.handler.onEnd()
  })

  for (const text of ['', HELLO.slice(0, 100)]) {
    it(`instead of ${text === '' ? 'a ClientHello' : 'the rest of it'}: reset after ten seconds, counted and logged`, () => {
      open('tls')
      channel.receive(text)
      for (const nowMs of [0, 9999]) tick(nowMs)
      assert.equal(channel.ending, 'open')
      tick(10_000)
      assert.equal(channel.ending, 'abort')
      assert.equal(counters.deadlines.clientHello, 1)
      assert.equal(refused.length, 1)
    })
  }
})

describe('draining', () => {
  for (const kind of ['http', 'sniff', 'tls'] as const) {
    it(`ends a tunnel on which nothing was said (${kind})`, () => {
      open(kind)
      tunnels.closeIdle()
      assert.equal(channel.ending, 'end')
      assert.equal(records.length, 0)
      assert.equal(clock.pending(), 0)
    })
  }

  for (const [kind, text] of [
    ['http', 'PRI'],
    ['sniff', 'GET'],
    ['tls', '\x16\x03'],
  ] as const) {
    it(`leaves one alone on which something is under way (${kind})`, () => {
      open(kind)
      channel.receive(text)
      tunnels.closeIdle()
      assert.equal(channel.ending, 'open')
    })
  }
})

describe('a bug that one tunnel meets', () => {
  const asks = {
    tick: () => tunnels.tick(0),
    closeIfIdle: () => tunnels.closeIdle(),
    giveUp: () => tunnels.giveUp('time is up'),
  } as const
  for (const call of ['tick', 'closeIfIdle', 'giveUp'] as const) {
    it(`in ${call} ends it, and keeps no other one from its turn`, () => {
      open('http')
      const second = new MemoryChannel()
      openBeside(second, 'http')
      faults = []
      for (const each of [channel, second]) each.receive('GET / HTTP/1.1\r\n\r\n')
      const [faulty, other] = servers.map(([, server]) => server)
      assert.ok(faulty !== undefined && other !== undefined)
      faulty.isFaulty = true
      asks[call]()
      assert.deepEqual([faulty.calls, other.calls], [[call, 'abort'], [call]])
      assert.deepEqual(faults, [`a tunnel failed: Error: ${call}`])
    })
  }
})
