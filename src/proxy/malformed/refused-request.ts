/** Requests that never became exchanges: what was sent is no request, so there is no head that filters or routes could judge. */
import { encodeResponseHead } from '../../http/h1/encode.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { RequestStart } from '../../http/h1/message.ts'
import { isAuthority } from '../../http/h1/target.ts'
import { findField } from '../../http/h2/fields.ts'
import type { Channel } from '../channel.ts'
import { partiesOf } from '../request/begin-exchange.ts'
import type { BeginDeps, TunnelOrigin } from '../request/begin-exchange.ts'
import { startRecord, tellRecord } from '../request/record.ts'
import { noteFault, replyToFault } from './fault.ts'
import type { Fault } from './fault.ts'

/** As a good request may have it, and enough to know whose it is. */
const MAX_TEXT = 1024
const VISIBLE = /^[!-~]*/

/** What can be told of a request that was refused. */
export interface RefusedRequest extends RequestStart {
  readonly authority?: string | undefined
}

/** The same of an HTTP/2 head, which nobody has checked. */
export const refusedFields = (fields: readonly string[]): RefusedRequest => {
  const authority = findField(fields, ':authority') ?? ''
  return {
    method: visible(findField(fields, ':method'), 32),
    target: visible(findField(fields, ':path'), MAX_TEXT),
    // One that is none may have a password in it.
    authority: isAuthority(authority) ? authority.slice(0, MAX_TEXT) : '',
  }
}

const visible = (text: string | undefined, max: number): string => (VISIBLE.exec(text ?? '')?.[0] ?? '').slice(0, max)

/** How a request is refused: `waitedMs` is how long it has been on its way. */
interface RefusedWith {
  readonly fault: Fault
  readonly responseBytes?: number
  readonly waitedMs?: number
}

/** Tells telemetry of it; filters never hear of it. */
export const tellRefused = (
  asked: RefusedRequest,
  { fault, responseBytes = 0, waitedMs = 0 }: RefusedWith,
  { origin, deps }: { readonly origin: TunnelOrigin; readonly deps: BeginDeps },
): void => {
  const lease = deps.takeLease()
  // A tunnel exists only since a snapshot was in force.
  if (lease === undefined) return
  try {
    const { parties } = partiesOf(origin, lease.snapshot)
    const record = startRecord(
      parties,
      {
        protocol: 'http',
        httpVersion: parties.httpVersion ?? 'HTTP/1.1',
        method: asked.method,
        path: asked.target,
        authority: asked.authority ?? '',
        requestId: undefined,
        userAgent: undefined,
        forwardedFor: undefined,
      },
      deps.clock,
      { waitedMs },
    )
    record.status = fault.status
    record.flags = fault.flags
    record.details = fault.details
    noteFault(record, fault)
    record.responseBytes = responseBytes
    tellRecord(record, deps)
  } finally {
    lease.end()
  }
}

/** Answers it on a connection of HTTP/1.1, on which nothing may follow: nobody knows where the next request begins. */
export const answerRefused = (channel: Channel, fault: Fault, { addDate }: Pick<BeginDeps, 'addDate'>): number => {
  const { status, body } = replyToFault(fault)
  const headers = new HeaderList(['content-type', 'text/plain'])
  addDate(headers)
  const head = encodeResponseHead({ status }, headers, {
    method: 'GET',
    bodyLength: body.length,
    connection: 'close',
  })
  if (typeof head !== 'string') return 0
  channel.sendText(head + body)
  return head.length + body.length
}
