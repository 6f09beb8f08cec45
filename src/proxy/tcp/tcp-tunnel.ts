/**
 * A tunnel whose bytes are none of our business: one connection to one endpoint, chosen when it begins. Nothing of HTTP
 * may enter here, and nothing of what a later configuration says but whether the client may still have it: the connection
 * stays where it is.
 */
import type { TunnelHook } from '../../filter/chain.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import { findFrontend, groupOf } from '../../snapshot/resolve.ts'
import { resolveTcp, resolveTls } from '../../snapshot/resolve-tcp.ts'
import { findCustoms } from '../../snapshot/security/authorize.ts'
import type { AuthorizationIndex, RulePlan } from '../../snapshot/security/policy-plans.ts'
import type { ConnectionResolution, EndpointGroup, Frontend, Snapshot } from '../../snapshot/snapshot.ts'
import type { Counters } from '../counters.ts'
import { ProtocolSniffer } from '../entry/sniffer.ts'
import type { ServedChannel, TunnelServer } from '../entry/tunnel-server.ts'
import { HeldBytes } from '../held-bytes.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import type { TunnelOrigin } from '../request/begin-exchange.ts'
import type { AskedConnection } from '../security/ext-authz/connection-authorizer.ts'
import { authorizeConnection, connectionFacts, type ConnectionVerdict } from '../security/authorize-connection.ts'
import { providersOf, type LateQuestions } from '../security/live/late-questions.ts'
import type { LiveStream } from '../security/live/live-review.ts'
import { askWhether, type AskDeps } from './ask-whether.ts'
import { Dial } from './dial.ts'
import type { DialDeps } from './dial.ts'
import type { HelloOutcome } from './hello-entry.ts'
import type { PlainGroups } from './plain-groups.ts'
import { Relay } from './relay.ts'
import type { RelayEnd } from './relay.ts'
import * as ends from './tcp-record.ts'
import type { ConnectionEnd } from './tcp-record.ts'

export interface TcpDeps extends DialDeps, AskDeps {
  readonly plainGroups: PlainGroups
  readonly counters: Counters
  readonly deadlines: Deadlines
  /** Gets the record of each connection once, when it is over. */
  readonly sink: (record: ExchangeRecord) => void
  /** Gets it when it is connected, and about once a second while something moves. */
  readonly progress: (record: ExchangeRecord) => void
  readonly snapshot: () => Snapshot | undefined
  /** Has providers asked about connections that are carried already. */
  readonly questions: Pick<LateQuestions, 'ask'>
  /** A line for the log about a connection that was not carried. */
  readonly onRefused: (message: string) => void
}

/** What is known of a connection when it begins. */
export interface TcpOrigin extends TunnelOrigin {
  /** Absent: nobody looked. */
  readonly hello?: HelloOutcome
  /** The client has said nothing while it was looked for what it speaks. */
  readonly isUndecided?: true
}

/** What becomes of a connection. */
type Way = { readonly group: EndpointGroup } | { readonly end: ConnectionEnd }

/** What the connection waits for, and somebody else decides. */
type AskedWay = Way & { readonly asked: AskedConnection | undefined; readonly hooks: readonly TunnelHook[] }

const NOBODY: readonly string[] = []
const POLICIES_CHANGED = 'policies have changed'

export class TcpTunnel implements TunnelServer {
  readonly #channel: ServedChannel
  readonly #origin: TcpOrigin
  readonly #deps: TcpDeps
  readonly #onClosed: (tunnel: TcpTunnel) => void
  readonly #record: ExchangeRecord
  readonly #snapshot: Snapshot | undefined
  /** What came before there was an endpoint. */
  readonly #held = new HeldBytes()
  /** The policies that it was judged by last. */
  #judgedBy: AuthorizationIndex | undefined
  /** Names of the providers that were asked about it. */
  #asked: readonly string[] = NOBODY
  #isClientDone = false
  /** There until it is known what a client speaks that was silent at first. */
  #sniffer: ProtocolSniffer | undefined
  #dial: Dial | undefined
  /** Ends the question whether it may be carried, while it waits for the answer. */
  #cancelQuestion: (() => void) | undefined
  #relay: Relay | undefined
  #release: (() => void) | undefined
  #isOver = false
  #movedAtMs = -1
  #moved = 0

  constructor(channel: ServedChannel, origin: TcpOrigin, deps: TcpDeps, onClosed: (tunnel: TcpTunnel) => void) {
    this.#channel = channel
    this.#origin = origin
    this.#deps = deps
    this.#onClosed = onClosed
    this.#snapshot = deps.snapshot()
    if (origin.isUndecided === true) this.#sniffer = new ProtocolSniffer()
    const { hello } = origin
    const sni = hello?.kind === 'hello' ? hello.sni : undefined
    this.#record = ends.beginTcpRecord(origin, { sni, snapshot: this.#snapshot, clock: deps.clock })
    deps.counters.openTcpConnections++
    deps.counters.tcpConnectionsTotal++
  }

  /** Sets out for an endpoint. */
  start(): void {
    this.#guard(() => this.#start())
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#isLateHttp(buffer, start, end)) return this.#guard(() => this.#refuse(ends.httpTooLate))
    if (this.#relay === undefined) this.#held.push(buffer, start, end)
    else this.#relay.onData(buffer, start, end)
  }

  onEnd(): void {
    this.#isClientDone = true
    this.#relay?.onEnd()
  }

  onClosed(isClean: boolean): void {
    if (this.#relay === undefined) this.#finish(ends.clientReset)
    else this.#relay.onClosed(isClean)
  }

  onDrain(): void {
    this.#relay?.onDrain()
  }

  tick(nowMs: number): void {
    this.#guard(() => {
      this.#relay?.tick(nowMs)
      if (!this.#isOver) this.#checkIdle(nowMs)
    })
  }

  live(): readonly LiveStream[] {
    return [this]
  }

  /** Nobody can look for a server name any more: where policies want to know it now, the connection ends. */
  review(snapshot: Snapshot): void {
    this.#guard(() => {
      const frontend = findFrontend(snapshot, this.#origin.authority)
      if (this.#isOver || frontend === undefined) return
      if (frontend.closed !== undefined) return this.#refuse(ends.closedBy('UH', frontend.closed))
      if (frontend.authorization === this.#judgedBy) return
      const verdict = this.#judge(frontend)
      if (verdict.kind === 'denied')
        this.#refuse({ ...ends.denied(verdict.decision.details), reason: POLICIES_CHANGED })
      else if (verdict.kind === 'ask') this.#askLate(frontend, verdict.rules)
    })
  }

  /** Never is it known to be idle: it goes on until the rest is cut. */
  closeIfIdle(): void {}

  abort(): void {
    this.#breakOff(ends.failed)
  }

  /** Whether it begins with HTTP after all, and something is done for the requests of this port. */
  #isLateHttp(buffer: Buffer, start: number, end: number): boolean {
    const spoken = this.#sniffer?.feed(buffer, start, end)
    if (spoken === undefined) return false
    this.#sniffer = undefined
    const snapshot = this.#deps.snapshot()
    const frontend = snapshot === undefined ? undefined : findFrontend(snapshot, this.#origin.authority)
    return (spoken === 'http1' || spoken === 'http2') && frontend !== undefined && looksAtRequests(frontend)
  }

  #start(): void {
    const way = this.#findWay()
    if ('end' in way) return this.#refuse(way.end)
    const { group, asked, hooks } = way
    if (asked === undefined && hooks.length === 0) return this.#connect(group)
    this.#cancelQuestion = askWhether({ record: this.#record, asked, hooks }, this.#deps, (refusal) =>
      this.#guard(() => {
        this.#cancelQuestion = undefined
        if (refusal === undefined) this.#connect(group)
        else this.#refuse(refusal)
      }),
    )
  }

  #connect(group: EndpointGroup): void {
    this.#dial = new Dial(
      { group, record: this.#record },
      {
        onConnected: (channel, release) => this.#guard(() => this.#onConnected(channel, release)),
        onFailed: (end) => this.#guard(() => this.#refuse(end)),
      },
      this.#deps,
    )
    this.#dial.start()
  }

  #checkIdle(nowMs: number): void {
    const { request, response } = this.#relay ?? {}
    const queued = (request?.queuedBytes ?? 0) + (response?.queuedBytes ?? 0)
    // Both only differ when something moved, and cannot make up for each other: what is queued was counted before.
    const moved = 2 * ((request?.bytes ?? 0) + (response?.bytes ?? 0)) - queued
    if (moved !== this.#moved) this.#tellProgress()
    if (moved !== this.#moved || this.#movedAtMs < 0) this.#movedAtMs = nowMs
    this.#moved = moved
    const { tcpIdleMs } = this.#deps.deadlines
    if (tcpIdleMs === 0 || nowMs - this.#movedAtMs < tcpIdleMs) return
    this.#deps.counters.deadlines.tcpIdle++
    this.#breakOff(ends.idleTooLong)
  }

  #findWay(): AskedWay | { readonly end: ConnectionEnd } {
    const { hello, authority, source } = this.#origin
    const snapshot = this.#snapshot
    const frontend = snapshot === undefined ? undefined : findFrontend(snapshot, authority)
    if (snapshot === undefined || frontend === undefined) return { end: ends.unbound }
    if (hello?.kind === 'timeout') return { end: ends.helloTooLate }
    if (hello?.kind === 'invalid') return { end: ends.noClientHello(hello.message) }
    const record = this.#record
    const verdict = this.#judge(frontend)
    if (verdict.kind === 'denied') return { end: ends.denied(verdict.decision.details) }
    const resolution =
      hello?.kind === 'hello'
        ? resolveTls(frontend, source.namespace, hello.sni)
        : resolveTcp(frontend, source.namespace)
    const way = this.#follow(resolution, frontend, snapshot)
    const hooks = frontend.chain.onTunnel
    if (verdict.kind !== 'ask') return { ...way, asked: undefined, hooks }
    this.#asked = providersOf(verdict.rules)
    return { ...way, asked: { snapshot, frontend, record, sni: record.sni, rules: verdict.rules }, hooks }
  }

  /** What those have said who were asked about it before stands. */
  #askLate(frontend: Frontend, rules: readonly RulePlan[]): void {
    const names = providersOf(rules).filter((name) => !this.#asked.includes(name))
    if (names.length === 0) return
    this.#asked = [...this.#asked, ...names]
    const record = this.#record
    this.#deps.questions.ask({
      // When its turn comes the policies may have changed again.
      about: () => {
        const index = this.#judgedBy
        if (this.#isOver || index === undefined) return undefined
        const facts = connectionFacts(frontend, { source: record.source, hello: helloOf(this.#origin.hello) })
        const left = findCustoms(index, facts).filter(({ policy }) => names.includes(policy.provider ?? ''))
        return { frontend, record, sni: record.sni, rules: left }
      },
      onAnswer: (refusal) => {
        if (refusal === undefined || this.#isOver) return
        record.authorization = refusal.rule.decision
        this.#guard(() => this.#refuse({ ...ends.refusedByProvider(refusal.details), reason: POLICIES_CHANGED }))
      },
    })
  }

  #judge(frontend: Frontend): ConnectionVerdict {
    const { source, hello } = this.#origin
    this.#judgedBy = frontend.authorization
    return authorizeConnection(frontend, { source, hello: helloOf(hello) }, this.#record)
  }

  #follow(resolution: ConnectionResolution, frontend: Frontend, snapshot: Snapshot): Way {
    const record = this.#record
    if (resolution.kind === 'refused') {
      const { cause, reason, route } = resolution
      record.route = route
      if (cause === 'no-match') return { end: ends.noRoute(reason) }
      return { end: ends.closedBy(route === undefined ? 'UH' : 'NC', reason) }
    }
    if (resolution.kind === 'backends') {
      record.route = resolution.route
      record.rule = resolution.rule
    }
    const backend = resolution.kind === 'backends' ? this.#deps.balancer.pickBackend(resolution) : resolution.backend
    if (backend === undefined) return { end: ends.closedBy('NC', 'no backend of the route has any weight') }
    if (backend.kind === 'invalid') return { end: ends.closedBy('NC', `backend ${backend.ref}: ${backend.reason}`) }
    record.backend = backend.destination
    const group = groupOf(snapshot, backend)
    if (group === undefined || (group.closed === undefined && group.endpoints.length === 0)) {
      return { end: ends.noEndpoint }
    }
    if (group.closed !== undefined) return { end: ends.closedBy('UH', group.closed) }
    // What is TLS already is not wrapped in ours.
    const isTls = this.#origin.hello?.kind === 'hello' || frontend.protocol === 'tls'
    return { group: isTls ? this.#deps.plainGroups.of(group) : group }
  }

  #onConnected(upstream: ServedChannel, release: () => void): void {
    this.#release = release
    const relay = new Relay(this.#channel, upstream, {
      onOver: (end) => this.#finish(endOf(end)),
      onFault: (error) => this.#fail(error),
    })
    this.#relay = relay
    this.#tellProgress()
    this.#held.deliver((buffer, start, end) => relay.onData(buffer, start, end))
    if (this.#isClientDone) relay.onEnd()
  }

  #tellProgress(): void {
    const { request, response } = this.#relay ?? {}
    this.#record.requestBytes = request?.bytes ?? 0
    this.#record.responseBytes = response?.bytes ?? 0
    this.#deps.progress(this.#record)
  }

  /** The client sees an error, since there is nothing that it could be told. */
  #refuse(end: ConnectionEnd): void {
    const { authority, source, hello } = this.#origin
    const sni = hello?.kind === 'hello' && hello.sni !== undefined ? ` for ${hello.sni}` : ''
    const why = end.reason ?? this.#record.upstreamFailure
    this.#deps.onRefused(
      `TCP ${authority}${sni} from ${source.principal ?? source.address} refused: ${end.details}${why === '' ? '' : `: ${why}`}`,
    )
    this.#breakOff(end)
  }

  #breakOff(end: ConnectionEnd): void {
    if (this.#isOver) return
    if (this.#relay === undefined) this.#channel.abort()
    else this.#relay.abort()
    this.#finish(end)
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#deps.onError('a connection failed', error)
    this.#breakOff(ends.failed)
  }

  #finish(end: ConnectionEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    const { clock, counters, sink, onError } = this.#deps
    this.#cancelQuestion?.()
    this.#dial?.cancel()
    this.#release?.()
    const record = this.#record
    record.flags = end.flags
    record.details = end.details
    if (end.reason !== undefined) record.termination = end.reason
    record.requestBytes = (this.#relay?.request.bytes ?? 0) + this.#held.drop()
    record.responseBytes = this.#relay?.response.bytes ?? 0
    record.durationMs = clock.monotonicMs() - record.startedAtMs
    counters.openTcpConnections--
    this.#onClosed(this)
    try {
      sink(record)
    } catch (error) {
      onError('the record of a connection was lost', error)
    }
  }
}

const looksAtRequests = ({ authentication, producer, consumers, chain }: Frontend): boolean =>
  authentication !== undefined || producer !== undefined || consumers.size > 0 || chain.filters.length > 0

/** A client that ended without a word has looked for no server, which is known then. */
const helloOf = (hello: HelloOutcome | undefined): { readonly sni: string | undefined } | undefined =>
  hello === undefined || hello.kind === 'timeout' ? undefined : { sni: hello.kind === 'hello' ? hello.sni : undefined }

const endOf = (end: RelayEnd): ConnectionEnd => {
  switch (end) {
    case 'ended':
      return ends.ended
    case 'client-reset':
      return ends.clientReset
    case 'upstream-reset':
      return ends.upstreamReset
  }
}
