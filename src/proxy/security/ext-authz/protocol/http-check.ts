import { isUtf8 } from 'node:buffer'
import { HeaderList } from '../../../../http/header-list.ts'
import { removeHopByHop } from '../../../../http/hop-by-hop.ts'
import type { ExternalAuthorization } from '../../../../model/security/external-authorization.ts'
import type { Protocol } from './grpc-check.ts'
import { compileNames } from './names.ts'
import type { NameTest } from './names.ts'
import type { Question, QuestionRequest } from './question.ts'
import type { FieldChange, RequestChanges, Verdict } from './verdict.ts'

/** Of an answer that allows a request: names of fields to remove from it, as Envoy has it. */
const TO_REMOVE = 'x-envoy-auth-headers-to-remove'
/** These go to a refused client whatever the list says, if there is one (MeshConfig, headersToDownstreamOnDeny). */
const ALWAYS_ON_DENY: ReadonlySet<string> = new Set(['www-authenticate', 'location', 'content-type'])
/** What describes the provider's own message, or its connection. */
const NEVER_TAKEN: ReadonlySet<string> = new Set(['content-length', 'host', 'trailer', TO_REMOVE])
/** The same of a message with a body that the receiver does not get. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-range',
  'etag',
  'date',
  'server',
])
/** Written anew for the question, or of no use to it. */
const NEVER_SHOWN: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'trailer', 'te'])

/** A provider that gets the head of each request as a request of its own: 200 is yes. */
export const createHttpProtocol = (settings: ExternalAuthorization): Protocol => {
  const shows = compileNames(settings.shownHeaders)
  const rules = {
    toUpstream: compileNames(settings.answer.toUpstream),
    toDownstreamOnAllow: compileNames(settings.answer.toDownstreamOnAllow),
    toDownstreamOnDeny: compileNames(settings.answer.toDownstreamOnDeny),
  }
  return {
    ask: (question) => {
      const request = requestOf(question)
      const { method, authority, path, query, body } = request
      const target = path === '*' ? '*' : settings.pathPrefix + path + query
      const headers = shownFields(request, shows)
      if (body !== undefined) headers.setLower('x-envoy-auth-partial-body', String(body.isPartial))
      for (const [name, value] of settings.addedHeaders) headers.setLower(name, value)
      // Said even when there is nothing: a server must not wait for what does not come.
      const bytes = body?.bytes ?? Buffer.alloc(0)
      headers.setLower('content-length', String(bytes.length))
      // HTTP/1.0 may have none.
      const host = authority === '' ? question.destination.hostname : authority
      return { method, target, host, headers, body: bytes, isHttp2: false }
    },
    read: ({ status, headers, body }) => {
      removeHopByHop(headers)
      if (status === 200) return { kind: 'allow', ...readChanges(headers, rules) }
      if (status >= 500 || status < 200) return { kind: 'error', message: `the provider answers with status ${status}` }
      return readDenial(status, headers, { body, isTaken: rules.toDownstreamOnDeny })
    },
  }
}

/** It says so at translate that a connection cannot be asked about this way. */
const requestOf = ({ request }: Question): QuestionRequest => {
  if (request === undefined) throw new Error('a provider that speaks HTTP can be asked about requests only')
  return request
}

const shownFields = ({ headers }: QuestionRequest, shows: NameTest): HeaderList => {
  const shown: string[] = []
  for (const [name, value] of headers) if (!NEVER_SHOWN.has(name) && shows(name)) shown.push(name, value)
  return new HeaderList(shown)
}

interface AnswerTests {
  readonly toUpstream: NameTest
  readonly toDownstreamOnAllow: NameTest
}

const readChanges = (headers: HeaderList, rules: AnswerTests): RequestChanges => {
  const removed = (headers.getLower(TO_REMOVE) ?? '').toLowerCase().split(',')
  const isOfUse: NameTest = (name) => !NEVER_TAKEN.has(name) && !OF_THE_BODY.has(name)
  return {
    request: changesOf(headers, (name) => isOfUse(name) && rules.toUpstream(name)),
    removed: removed.map((name) => name.trim()).filter((name) => name !== ''),
    response: changesOf(headers, (name) => isOfUse(name) && rules.toDownstreamOnAllow(name)),
    querySet: [],
    queryRemoved: [],
    ignored: [],
  }
}

/** The first of a name takes the place of those that are there; the others follow it. */
const changesOf = (headers: HeaderList, isTaken: NameTest): readonly FieldChange[] => {
  const seen = new Set<string>()
  const changes: FieldChange[] = []
  for (const [name, value] of headers) {
    if (!isTaken(name)) continue
    changes.push({ action: seen.has(name) ? 'append' : 'set', name, value })
    seen.add(name)
  }
  return changes
}

const readDenial = (
  status: number,
  headers: HeaderList,
  { body, isTaken }: { readonly body: Buffer; readonly isTaken: NameTest },
): Verdict => {
  const taken: string[] = []
  for (const [name, value] of headers) {
    if (!NEVER_TAKEN.has(name) && (ALWAYS_ON_DENY.has(name) || isTaken(name))) taken.push(name, value)
  }
  const list = new HeaderList(taken)
  // Replies of ours are texts; half a body would be worse than none.
  const isText = isUtf8(body) && !headers.hasLower('content-encoding')
  if (!isText) for (const name of OF_THE_BODY) list.removeLower(name)
  return { kind: 'deny', status, headers: list, body: isText ? body.toString('utf8') : '' }
}
