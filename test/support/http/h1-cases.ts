import { type H1Event, recordRequests, recordResponses } from './h1-events.ts'
import { BAD_FIELDS, BAD_FRAMING } from './h1-corpus/bad-fields.ts'
import { BAD_LINES } from './h1-corpus/bad-lines.ts'
import type { BadCase, GoodCase } from './h1-corpus/case.ts'
import { BAD_CHUNKS, GOOD_CHUNKS } from './h1-corpus/chunks.ts'
import { GOOD_REQUESTS as GOOD_WITHOUT_CHUNKS } from './h1-corpus/good-requests.ts'
import { BAD_RESPONSES, GOOD_RESPONSES } from './h1-corpus/responses.ts'

/** The corpus: what must be read, and what must be refused. */
export const GOOD_REQUESTS: readonly GoodCase[] = [...GOOD_WITHOUT_CHUNKS, ...GOOD_CHUNKS]
export const BAD_REQUESTS: readonly BadCase[] = [...BAD_LINES, ...BAD_FRAMING, ...BAD_FIELDS, ...BAD_CHUNKS]
export { BAD_RESPONSES, GOOD_RESPONSES }

/** Events in the short form of `GoodCase`. */
export function formatEvents(events: readonly H1Event[]): string {
  return events.map(formatEvent).join(' ')
}

/** The recording that fits a response case: without `methods`, as many GETs as responses come. */
export function recordCase(direction: 'request' | 'response', test: GoodCase | BadCase, cuts: readonly number[]) {
  if (direction === 'request') return recordRequests(test.text, { cuts })
  return recordResponses(test.text, test.methods === undefined ? { cuts } : { cuts, methods: test.methods })
}

function formatEvent(event: H1Event): string {
  switch (event.kind) {
    case 'request': {
      const { method, target, expectsContinue, upgrade, mayHaveTrace } = event.head
      const flags = `${expectsContinue ? ' continue' : ''}${upgrade === undefined ? '' : ` upgrade=${upgrade}`}${mayHaveTrace ? ' trace' : ''}`
      return `${method} ${target}${formatFraming(event.head)}${flags}`
    }
    case 'informational':
      return `(${event.head.status})`
    case 'response':
      return `${event.head.status}${formatFraming(event.head)}`
    case 'body':
      return `body:${event.text}`
    case 'end':
      return event.trailers === undefined ? 'end' : `end(${event.trailers.join(',')})`
    case 'failure':
      return `failure:${event.code}:${event.status}`
  }
}

function formatFraming(head: { readonly bodyLength: number; readonly keepAlive: boolean }): string {
  const { bodyLength, keepAlive } = head
  const framing =
    bodyLength === 0 ? '' : bodyLength > 0 ? ` len=${bodyLength}` : bodyLength === -1 ? ' chunked' : ' until-close'
  return `${framing}${keepAlive ? '' : ' close'}`
}
