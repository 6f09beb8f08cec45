import type { Dispatcher } from 'undici'
import { CallError, type CallErrorCode } from '../../filter/env/calls.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import { removeHopByHop } from '../../http/hop-by-hop.ts'
import { reasonPhrase } from '../../http/h1/encode.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import { hashOf } from '../balance/hash-key.ts'
import { Forward } from '../forward/forward.ts'
import type { ForwardFailure } from '../forward/failure.ts'
import type { ForwardDeps, ForwardTrace, ForwardUser } from '../forward/forward-plan.ts'
import { BodyPump } from '../body/body-pump.ts'
import { fieldsOf, flatOf } from './fields-of.ts'
import type { CallRequest } from './request-of.ts'

/** Where a call goes, and what it is called in messages. */
export interface CallPlan {
  readonly group: EndpointGroup
  /** `Service shop/auth:8080` */
  readonly callee: string
  readonly request: CallRequest
  /** Whose identity the call has, for whoever balances by it. */
  readonly principal: string | undefined
}

/**
 * One call of a filter to a Service, over the same pools, balancing and identity as requests, and told to whoever speaks
 * undici. What a handler throws ends its call, and nothing else.
 */
export class MeshCall implements ForwardUser {
  readonly #plan: CallPlan
  readonly #handler: Dispatcher.DispatchHandler
  readonly #forward: Forward
  readonly #controller: CallController
  #pump: BodyPump | undefined
  #isOver = false

  constructor(plan: CallPlan, handler: Dispatcher.DispatchHandler, deps: ForwardDeps) {
    const { group, request, principal } = plan
    const { head } = request
    const trace: ForwardTrace = { attempts: 0, tries: [], endpoint: undefined, upstreamMs: -1, upstreamFailure: '' }
    const hashable = { headers: head.headers, target: head.target, principal, address: '' }
    const hash = group.policy === undefined ? undefined : hashOf(group, hashable)
    const sent = { group, request: head, trace, retry: undefined, tryMs: undefined, hash }
    this.#plan = plan
    this.#handler = handler
    this.#forward = new Forward(this, sent, deps)
    this.#controller = new CallController({
      abort: (reason) => this.#break(reason),
      passed: (bytes) => this.#forward.consume(bytes),
    })
  }

  start(): void {
    const { group, request } = this.#plan
    this.#tell(() => this.#handler.onRequestStart?.(this.#controller, {}))
    if (this.#isOver) return
    if (group.closed !== undefined) return this.#break(new CallError('ENOENDPOINT', this.#say(group.closed)))
    this.#forward.start()
    if (this.#isOver) return
    if (request.body === undefined) {
      this.#forward.endBody(undefined)
      return this.#tell(() => this.#handler.onRequestSent?.())
    }
    const refuse = (message: string): CallError => new CallError('EINVAL', message)
    this.#pump = new BodyPump(
      request.body,
      { length: request.head.bodyLength, refuse },
      {
        send: (bytes) => this.#forward.sendBody(bytes, 0, bytes.length),
        end: () => {
          this.#forward.endBody(undefined)
          this.#tell(() => this.#handler.onRequestSent?.())
        },
        fail: (error) => this.#break(error),
      },
    )
    this.#pump.start()
  }

  onInformational(): void {}

  onResponse(head: H1ResponseHead): void {
    const { status, headers } = head
    // Nothing was asked to be switched to.
    if (status === 101) return this.#break(new CallError('EPROTOCOL', this.#say('an answer of status 101')))
    removeHopByHop(headers)
    this.#controller.rawHeaders = flatOf(headers)
    const reason = head.reason === '' ? reasonPhrase(status) : head.reason
    this.#tell(() => this.#handler.onResponseStart?.(this.#controller, status, fieldsOf(headers), reason))
  }

  onBody(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isOver) return true
    // The memory is the connection's.
    const bytes = Buffer.from(buffer.subarray(start, end))
    this.#tell(() => this.#handler.onResponseData?.(this.#controller, bytes))
    return this.#controller.pass(end - start)
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#isOver) return
    this.#finish()
    this.#controller.rawTrailers = trailers === undefined ? [] : flatOf(trailers)
    const fields = trailers === undefined ? {} : fieldsOf(trailers)
    try {
      this.#handler.onResponseEnd?.(this.#controller, fields)
    } catch (error) {
      // As undici has it: a handler that retries says so by throwing, and wants to be told.
      this.#tell(() => this.#handler.onResponseError?.(this.#controller, asError(error)))
    }
    // What the handler has not taken yet is its own by now.
    this.#controller.resume()
  }

  onFailure(failure: ForwardFailure): void {
    const [code, why] = explain(failure)
    this.#fail(new CallError(code, this.#say(why)))
  }

  onRequestBytesPassed(bytes: number): void {
    this.#pump?.onPassed(bytes)
  }

  #say(why: string): string {
    return `${this.#plan.callee}: ${why}`
  }

  #break(reason: Error): void {
    if (this.#isOver) return
    this.#forward.abandon()
    this.#fail(reason)
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#finish()
    this.#controller.isAborted = true
    this.#controller.reason = error
    this.#tell(() => this.#handler.onResponseError?.(this.#controller, error))
    this.#controller.resume()
  }

  #finish(): void {
    this.#isOver = true
    this.#pump?.stop()
  }

  /** A filter's code: whatever it throws is its own failure. */
  #tell(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#break(asError(error))
    }
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** What a handler holds a call by. */
class CallController implements Dispatcher.DispatchController {
  rawHeaders: string[] | null = null
  rawTrailers: string[] | null = null
  isAborted = false
  reason: Error | null = null
  paused = false
  #owed = 0
  readonly #call: { readonly abort: (reason: Error) => void; readonly passed: (bytes: number) => void }

  constructor(call: { readonly abort: (reason: Error) => void; readonly passed: (bytes: number) => void }) {
    this.#call = call
  }

  get aborted(): boolean {
    return this.isAborted
  }

  abort(reason: Error): void {
    this.#call.abort(reason)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    const owed = this.#owed
    this.#owed = 0
    if (owed > 0) this.#call.passed(owed)
  }

  /** Whether bytes count as taken; those that a paused handler got are owed: no more come than a window holds. */
  pass(bytes: number): boolean {
    if (this.paused) this.#owed += bytes
    return !this.paused
  }
}

const explain = (failure: ForwardFailure): readonly [code: CallErrorCode, why: string] => {
  switch (failure.kind) {
    case 'no-endpoint':
      return ['ENOENDPOINT', 'no endpoint of it is ready']
    case 'overflow':
      return ['EOVERFLOW', `its limit of ${failure.limit} is reached`]
    case 'unwritable':
      return ['EINVAL', failure.message]
    case 'fault':
      return ['EPROTOCOL', `the proxy failed: ${String(failure.error)}`]
    case 'connect-failed':
    case 'refused':
      return ['ECONNREFUSED', failure.message]
    case 'reset':
      return ['ECONNRESET', failure.message]
    case 'timeout':
      return ['ETIMEDOUT', failure.message]
    case 'protocol':
      return ['EPROTOCOL', failure.message]
  }
}
