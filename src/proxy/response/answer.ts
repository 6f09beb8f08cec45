/**
 * The answer to one request, whoever gives it: an endpoint, a filter, or we. It passes the response hooks of the parts of
 * the chain that the request has entered, and goes out. Where requests go is no business of this file.
 */
import { FilterMistake } from '../../filter/guard/failure.ts'
import type { Exchange, Reply, ResponseView } from '../../filter/index.ts'
import { dropBody } from '../../filter/reply.ts'
import type { ExchangeHook } from '../../filter/hook-run.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { AddDate } from '../../http/date.ts'
import { HeaderList } from '../../http/header-list.ts'
import { removeHopByHop } from '../../http/hop-by-hop.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { BodyMemory } from '../../filter/body/body-pipe.ts'
import type { BodyHooks } from '../../filter/chain.ts'
import { changesBody } from '../../filter/body/body-stage.ts'
import { faultsOf, orderTransform } from '../body/body-plan.ts'
import { BodyPump } from '../body/body-pump.ts'
import { TransformedBody } from '../body/transformed-body.ts'
import type { Outgoing } from '../forward/outgoing.ts'
import type { EnteredChains } from '../request/entered-chains.ts'
import type { ExchangeOwner } from '../request/exchange-owner.ts'
import { noteGrpcStatus, noteTrailers } from '../request/record.ts'
import { toFinalReply } from './grpc-reply.ts'
import * as local from './local-reply.ts'
import type { LocalReply } from './local-reply.ts'
import { ResponseWriter } from './response-writer.ts'
import { toWrittenReply, type StreamedBody, type WrittenReply } from './written-reply.ts'

/** The exchange that is answered. */
export interface AnsweredExchange extends Exchange {
  readonly record: ExchangeRecord
  readonly chains: EnteredChains
  readonly outgoing: Pick<Outgoing, 'abandon' | 'consume' | 'isExhausted' | 'isServed' | 'isWhole' | 'settle'>
  readonly downstream: ExchangeOwner
  response: ResponseView | undefined
  readonly isOver: boolean
  /** Neither function is called any more when the exchange is over, or has gone another way. */
  readonly runHooks: (
    hooks: readonly ExchangeHook<Exchange>[],
    onPassed: () => void,
    onReply: (reply: Reply) => void,
  ) => void
  /** A filter has done what it may not. */
  readonly fail: (error: unknown, isLate?: boolean) => void
  readonly replyInstead: (reply: Reply) => void
  readonly replaceResponse: (reply: LocalReply) => void
  readonly bodyMemory: BodyMemory
  /** All of it is out. */
  readonly complete: () => void
  /** The client gets no answer; the record says why already. */
  readonly resetClient: () => void
}

export class Answer {
  readonly #exchange: AnsweredExchange
  readonly #keepAlive: boolean
  readonly #addDate: AddDate
  readonly writer: ResponseWriter
  /** Where filters change the body. */
  #transformed: TransformedBody | undefined
  /** Where a filter's reply comes piece by piece. */
  #pump: BodyPump | undefined
  /** It is our own, or a filter's: nothing is wanted of an endpoint any more. */
  isLocal = false
  /** Our own: filters leave its body alone. */
  #isOurs = false

  /** Of the request: its method, and whether its connection may be kept. */
  constructor(
    exchange: AnsweredExchange,
    { method, keepAlive }: { readonly method: string; readonly keepAlive: boolean },
    addDate: AddDate,
  ) {
    this.#addDate = addDate
    this.#exchange = exchange
    this.#keepAlive = keepAlive
    this.writer = new ResponseWriter(exchange.downstream.sink, method)
  }

  /** An endpoint's; `upgrade` is what it switches to with a 101. */
  begin(head: H1ResponseHead, upgrade: string | undefined): void {
    try {
      this.#begin(head, upgrade)
    } catch (error) {
      this.#exchange.fail(error)
    }
  }

  #begin(head: H1ResponseHead, upgrade: string | undefined): void {
    const exchange = this.#exchange
    const { record, outgoing } = exchange
    removeHopByHop(head.headers)
    record.status = head.status
    record.details = outgoing.isServed ? 'via_app' : 'via_upstream'
    noteGrpcStatus(record, head.headers)
    if (outgoing.isExhausted) record.flags = 'URX'
    exchange.response = { status: head.status, headers: head.headers }
    if (upgrade === undefined) {
      outgoing.settle()
      this.writer.begin(head.bodyLength, head.isOpen)
    } else {
      record.upgrade = upgrade
      this.writer.beginUpgrade(upgrade)
    }
    this.#start()
  }

  /** More of an endpoint's body; false when it is held. */
  push(buffer: Buffer, start: number, end: number): boolean {
    if (this.#transformed !== undefined) return this.#transformed.push(buffer, start, end)
    return this.writer.writeBody(buffer, start, end)
  }

  /** An endpoint's answer is whole. */
  end(trailers: HeaderList | undefined): void {
    try {
      if (this.#transformed === undefined) this.#end(trailers)
      else this.#transformed.end(trailers)
    } catch (error) {
      this.#exchange.fail(error)
    }
  }

  #end(trailers: HeaderList | undefined): void {
    if (trailers !== undefined) noteTrailers(this.#exchange.record, trailers)
    this.writer.endBody(trailers)
    if (this.writer.isComplete) this.#exchange.complete()
  }

  /** What was queued towards the client is out. */
  onDrained(): void {
    const bytes = this.writer.onDrained()
    if (this.#transformed !== undefined) this.#transformed.onPassed(bytes)
    else if (bytes > 0) this.#consume(bytes)
    if (this.writer.isComplete) this.#exchange.complete()
  }

  /** Body that was held has been taken: whoever it comes from may send as much again. */
  #consume(bytes: number): void {
    if (this.#pump === undefined) this.#exchange.outgoing.consume(bytes)
    else this.#pump.onPassed(bytes)
  }

  /** Nobody wants it any more: what was held of it is owed to the endpoint's connection, which others use. */
  drop(): void {
    const bytes = this.writer.drop()
    this.#consume(this.#transformed === undefined ? bytes : this.#transformed.cancel())
  }

  /** It is over, whatever has become of it. */
  close(): void {
    const owed = this.#transformed?.cancel() ?? 0
    if (owed > 0) this.#consume(owed)
    this.#pump?.stop()
  }

  /** The kind of the filter that the body waits for. */
  get waitsFor(): string | undefined {
    return this.#transformed?.waitsFor
  }

  /** An endpoint's, of which the client has seen nothing: something else may be said in its place. */
  get isGathering(): boolean {
    return this.#transformed?.isGathering === true
  }

  /** A filter's. */
  replyFromFilter(reply: Reply): void {
    const written = toWrittenReply(reply)
    if (written instanceof Error) return this.#exchange.fail(written)
    const { record } = this.#exchange
    record.details = reply.reason
    if (reply.flags !== undefined) record.flags = reply.flags
    if (reply.isReset === true) {
      dropBody(reply.body)
      return this.#exchange.resetClient()
    }
    this.#isOurs = false
    this.#reply(written, reply.grpcStatus)
  }

  /** Our own. */
  replyLocally(reply: LocalReply): void {
    const { record, outgoing } = this.#exchange
    record.flags = local.flagsOf(reply, outgoing)
    record.details = reply.details
    const headers = new HeaderList(['content-type', 'text/plain'])
    this.#isOurs = true
    this.#reply({ status: reply.status, headers, body: reply.body }, reply.grpcStatus)
  }

  /** The next one goes out as it is, whatever filters there were. */
  forget(): void {
    this.#exchange.chains.forget()
    this.writer.discard()
    this.close()
    this.#transformed = undefined
    this.#pump = undefined
  }

  #reply(reply: WrittenReply, grpcStatus?: number): void {
    const exchange = this.#exchange
    const { status, headers, body } = toFinalReply(reply, exchange.record, grpcStatus)
    this.isLocal = true
    exchange.response = { status, headers }
    if (isStreamedBody(reply.body)) this.#beginStream(reply.body, body)
    else if (!isStreamedBody(body)) this.writer.beginLocal(body)
    // What was held of its body is not wanted any more either.
    exchange.outgoing.settle()
    exchange.outgoing.abandon()
    this.#start()
  }

  /** What a client of gRPC is told has no body. */
  #beginStream({ pieces, length }: StreamedBody, final: WrittenReply['body']): void {
    const exchange = this.#exchange
    this.#pump = new BodyPump(
      pieces,
      { length, refuse: (message) => new FilterMistake(message) },
      {
        send: (bytes) => this.push(bytes, 0, bytes.length),
        end: () => this.end(undefined),
        fail: (error) => exchange.fail(error),
      },
    )
    if (isStreamedBody(final)) return this.writer.begin(length)
    this.#pump.stop()
    this.writer.beginLocal(final)
  }

  /** Response hooks in reverse order of the requests', for those parts of the chain that were entered. */
  #start(): void {
    const hooks = this.#exchange.chains.onResponse
    if (hooks.length === 0) return this.#send()
    // A filter may answer in place of the upstream. The remaining hooks are not asked then: two could take turns for ever.
    const replace = (reply: Reply): void => {
      this.forget()
      this.replyFromFilter(reply)
    }
    this.#exchange.runHooks(hooks, () => this.#send(), replace)
  }

  #send(): void {
    const { response, isOver, chains } = this.#exchange
    if (isOver) return
    // Nothing else takes it away, and whoever waits for it would wait for ever.
    if (response === undefined) return this.#exchange.fail(new FilterMistake('a filter took the response away'))
    const { writer } = this
    // An answer to HEAD says how long another one would be.
    const hooks = this.isLocal && this.#isOurs ? undefined : chains.responseBody
    if (hooks === undefined) return this.#write()
    this.#transform(hooks, { response, isEmpty: writer.isBare && !writer.hasNoBody(response.status) })
  }

  #transform(
    hooks: BodyHooks,
    { response, isEmpty }: { readonly response: ResponseView; readonly isEmpty: boolean },
  ): void {
    const exchange = this.#exchange
    const { writer } = this
    const { bodyLength } = writer
    const about = { exchange, memory: exchange.bodyMemory, bodyLength, isEmpty }
    const order = orderTransform(hooks, about, faultsOf(exchange, 'response'))
    if (order === 'answered') return
    if (order === 'nothing') return this.#write()
    // What the endpoint said of its length is not true any more, nor of what a HEAD would have got.
    if (changesBody(order.plan.stages)) response.headers.removeLower('content-length')
    if (writer.hasNoBody(response.status)) return this.#write()
    const transformed = new TransformedBody(order, {
      begin: (length) => {
        writer.bodyLength = length
        this.#write()
      },
      push: (buffer, start, end) => writer.writeBody(buffer, start, end),
      end: (trailers) => this.#end(trailers),
      consume: (bytes) => this.#consume(bytes),
    })
    const early = writer.takeEarly()
    this.#transformed = transformed
    transformed.begin(bodyLength)
    const passed = early.held.drain((buffer, start, end) => transformed.push(buffer, start, end))
    if (passed > 0) this.#consume(passed)
    if (early.isWhole) transformed.end(early.trailers)
    this.#pump?.start()
  }

  #startPump(pump: BodyPump, status: number): void {
    if (!this.writer.hasNoBody(status)) return pump.start()
    pump.stop()
    this.#end(undefined)
  }

  #write(): void {
    const exchange = this.#exchange
    const { response, downstream, outgoing } = exchange
    if (response === undefined || exchange.isOver) return
    // An answer to half a request leaves a connection on which nobody knows where the next one begins, and which is closed
    // therefore (RFC 9112 section 9.6). One that goes well and is made while the request comes may overtake the rest; behind
    // one that does not a client seldom sends it.
    const isFinal = this.isLocal || response.status >= 400 || this.writer.hasKnownEnd(response.status)
    const keepAlive = this.#keepAlive && !downstream.isDraining && (outgoing.isWhole || !isFinal)
    exchange.record.status = response.status
    if (response.status !== 101) this.#addDate(response.headers)
    const failure = this.writer.writeHead(response.status, response.headers, keepAlive)
    if (failure !== undefined) return exchange.fail(new FilterMistake(failure))
    if (response.status === 101) downstream.onUpgraded()
    const passed = this.writer.takeReleasedBytes()
    if (passed > 0) this.#consume(passed)
    if (this.writer.isComplete) exchange.complete()
    else if (this.#pump !== undefined && this.#transformed === undefined) this.#startPump(this.#pump, response.status)
  }
}

const isStreamedBody = (body: WrittenReply['body']): body is StreamedBody =>
  typeof body === 'object' && 'pieces' in body
