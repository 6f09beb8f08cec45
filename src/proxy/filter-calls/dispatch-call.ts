/**
 * Carries the calls of filters: finds out who is meant, keeps to limits, counts. How a request gets to an endpoint is
 * the forwarding's business, and what an author sees of it `env.fetch`'s and undici's.
 */
import type { Dispatcher } from 'undici'
import { CallError } from '../../filter/env/calls.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Counter, Histogram } from '../../filter/env/metrics.ts'
import type { SpiffeId } from '../../model/identity.ts'
import type { EndpointGroup, Snapshot } from '../../snapshot/snapshot.ts'
import type { ForwardDeps } from '../forward/forward-plan.ts'
import { explainEgress, type Egress } from './egress.ts'
import type { FoundService, ServiceFinder } from './find-service.ts'
import { GuardedHandler, refusedFor, tellError, type CallLimits, type CallOutcome } from './guarded-handler.ts'
import { MeshCall } from './mesh-call.ts'
import { requestOf, type CallRequest } from './request-of.ts'

/** What calls are made with. */
export interface CallDeps extends ForwardDeps {
  readonly clock: Clock
  /** The one in force. */
  readonly snapshot: () => Snapshot | undefined
  readonly ownIdentity: () => SpiffeId
  readonly egress: Egress
  readonly services: ServiceFinder
}

/** On whose behalf calls are made. */
export interface Caller {
  /** For people: `shop/stamp`. */
  readonly name: string
  /** Where short names are looked up; `undefined`: nowhere. */
  readonly namespace: string | undefined
  /** Aborted when the filter is closed. */
  readonly signal: AbortSignal
  readonly calls: Counter<'destination' | 'outcome'>
  readonly seconds: Histogram<'destination'>
  /** Ends each of the calls under way. */
  readonly open: Set<() => void>
}

/** Calls of one filter in one process; each may hold a connection. */
const MAX_OPEN = 1000
/** What metrics call those who are not known. */
const NOBODY = 'unknown'

/** Carries one call; never throws, and tells the handler whatever becomes of it. */
export const dispatchCall = (
  { options, limits }: { readonly options: Dispatcher.DispatchOptions; readonly limits: CallLimits },
  handler: Dispatcher.DispatchHandler,
  { caller, deps }: { readonly caller: Caller; readonly deps: CallDeps },
): void => {
  try {
    const callee = findCallee(options, caller, deps)
    if (caller.open.size >= MAX_OPEN) {
      throw new CallError('EOVERFLOW', `${callee.name}: filter ${caller.name} has ${MAX_OPEN} calls under way`)
    }
    const startedAtMs = deps.clock.monotonicMs()
    const onOver = (outcome: CallOutcome): void => {
      const { label: destination } = callee
      caller.calls.inc({ destination, outcome: formatOutcome(outcome) })
      caller.seconds.observe((deps.clock.monotonicMs() - startedAtMs) / 1000, { destination })
    }
    const { clock } = deps
    const { open } = caller
    const explain = (error: Error): CallError => explainEgress(callee.name, error)
    const guarding = { clock, callee: callee.name, limits, open, onOver }
    const guarded = new GuardedHandler(handler, callee.group === undefined ? { ...guarding, explain } : guarding)
    carry(options, callee, { handler: guarded, deps })
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error))
    caller.calls.inc({ destination: NOBODY, outcome: formatOutcome({ error: failure }) })
    refuse(handler, failure)
  }
}

interface Callee {
  /** For people. */
  readonly name: string
  readonly label: string
  readonly host: string
  /** `undefined`: outside of the mesh. */
  readonly group: EndpointGroup | undefined
}

const findCallee = ({ origin }: Dispatcher.DispatchOptions, caller: Caller, deps: CallDeps): Callee => {
  const url = origin instanceof URL ? origin : URL.parse(String(origin))
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CallError('EINVAL', `origin ${String(origin)}: http://SERVICE, with :PORT if it is not 80`)
  }
  if (caller.signal.aborted) throw new CallError('ECLOSED', `${url.host}: the filter is closed`)
  const snapshot = deps.snapshot()
  if (snapshot === undefined) throw new CallError('ECLOSED', `${url.host}: no configuration is in force yet`)
  const { hostname, host } = url
  const isTls = url.protocol === 'https:'
  const to = { hostname, port: Number(url.port || (isTls ? 443 : 80)) }
  const allowed = deps.egress.allows(hostname, to.port)
  // Before the mesh is asked: it may know the host as well (ServiceEntry), and does not speak TLS for the filter.
  if (isTls && allowed !== undefined) return { name: host, label: allowed, host, group: undefined }
  const found = deps.services.find(snapshot, to, caller.namespace)
  if (found.kind === 'service' && !isTls) {
    return { name: `Service ${found.label}:${to.port}`, label: found.label, host, group: found.group }
  }
  throw refusalOf(url, found, allowed)
}

const refusalOf = (url: URL, found: FoundService, allowed: string | undefined): CallError => {
  if (found.kind === 'service') {
    const why = 'a Service of the mesh is called by http://; mutual TLS is the mesh’s business'
    return new CallError('EINVAL', `${url.origin}: ${why}`)
  }
  if (found.kind === 'refused') return new CallError('ENOTALLOWED', `${url.origin}: ${found.message}`)
  if (allowed !== undefined) {
    return new CallError('ENOTALLOWED', `${url.origin}: outside of the mesh only https:// is allowed`)
  }
  const message = `${found.message}; hosts outside of the mesh: --filter-egress`
  return new CallError(url.protocol === 'https:' ? 'ENOTALLOWED' : 'ENOSERVICE', message)
}

const carry = (
  options: Dispatcher.DispatchOptions,
  { name, host, group }: Callee,
  { handler, deps }: { readonly handler: Dispatcher.DispatchHandler; readonly deps: CallDeps },
): void => {
  try {
    // Also of what leaves the mesh: a loop may lead through the outside.
    const request = requestOf(options, host)
    if (group === undefined) deps.egress.agent.dispatch(outsideOf(options, request, host), handler)
    else new MeshCall({ group, callee: name, request, principal: deps.ownIdentity() }, handler, deps).start()
  } catch (error) {
    refuse(handler, error instanceof Error ? error : new Error(String(error)))
  }
}

/**
 * What undici itself is asked for. Of the filter's options only those that say what is sent: the certificate must be for
 * whom the operator allows, and `servername` would have another one do.
 */
const outsideOf = (
  { body }: Dispatcher.DispatchOptions,
  { head }: CallRequest,
  host: string,
): Dispatcher.DispatchOptions => {
  const { method, target: path, headers, bodyLength } = head
  const fields = [...headers.fields, 'host', host]
  if (bodyLength > 0) fields.push('content-length', String(bodyLength))
  return {
    origin: `https://${host}`,
    path,
    method,
    headers: fields,
    body: body ?? null,
  }
}

/** Tells a handler that there will be nothing. */
const refuse = (handler: Dispatcher.DispatchHandler, error: Error): void => {
  // Never before `dispatch` has returned: undici's own clients do not either.
  queueMicrotask(() => tellError(handler, refusedFor(error), error))
}

/** `2xx`, or a code. */
const formatOutcome = (outcome: CallOutcome): string => {
  if ('status' in outcome) return `${Math.floor(outcome.status / 100)}xx`
  const { error } = outcome
  if (error instanceof CallError) return error.code
  return error.name === 'AbortError' || error.name === 'TimeoutError' ? 'aborted' : 'failed'
}
