import { HeaderList } from '../../../../http/header-list.ts'
import { isGrpcContentType } from '../../../../http/is-grpc.ts'
import type { ExternalAuthorization } from '../../../../model/security/external-authorization.ts'
import { CHECK, decodeCheckResponse, encodeCheckRequest } from './check-messages.ts'
import { compileNames } from './names.ts'
import type { CallAnswer, CallRequest } from '../provider-call.ts'
import type { Question } from './question.ts'
import type { Verdict } from './verdict.ts'

/** A flag and the length. */
const PREFIX_BYTES = 5

/** A provider that speaks gRPC: how it is asked, and what its answers mean. */
export interface Protocol {
  readonly ask: (question: Question) => CallRequest
  readonly read: (answer: Extract<CallAnswer, { readonly kind: 'answer' }>) => Verdict
}

/** Envoy's ext_authz v3. */
export const createGrpcProtocol = (settings: ExternalAuthorization): Protocol => {
  const shows = compileNames(settings.shownHeaders)
  const { addedHeaders, service, timeoutMs } = settings
  const asBytes = settings.body?.asBytes === true
  return {
    ask: (question) => ({
      method: 'POST',
      target: CHECK,
      host: `${service.hostname}:${service.port}`,
      headers: new HeaderList([
        'content-type',
        'application/grpc',
        'te',
        'trailers',
        'grpc-timeout',
        formatTimeout(timeoutMs),
      ]),
      body: frameMessage(encodeCheckRequest(question, { shows, addedHeaders, asBytes })),
      isHttp2: true,
    }),
    read: readAnswer,
  }
}

/** At most eight digits (gRPC over HTTP/2, `TimeoutValue`). */
const formatTimeout = (ms: number): string => (ms < 100_000_000 ? `${ms}m` : `${Math.ceil(ms / 1000)}S`)

const frameMessage = (message: Uint8Array): Buffer => {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, PREFIX_BYTES)
  return framed
}

/** Percent-encoded UTF-8 (gRPC over HTTP/2, `Percent-Encoded`). */
const decodeMessage = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const readAnswer = ({ status, headers, body, trailers }: Parameters<Protocol['read']>[0]): Verdict => {
  const error = (message: string): Verdict => ({ kind: 'error', message })
  if (status !== 200) return error(`HTTP status ${status} in place of a gRPC answer`)
  const code = trailers?.getLower('grpc-status') ?? headers.getLower('grpc-status')
  if (code !== '0') {
    const why = trailers?.getLower('grpc-message') ?? headers.getLower('grpc-message') ?? ''
    return error(`gRPC status ${code ?? 'missing'}${why === '' ? '' : `: ${decodeMessage(why.slice(0, 200))}`}`)
  }
  if (!isGrpcContentType(headers.getLower('content-type'))) return error('the answer is not of type application/grpc')
  if (body.length < PREFIX_BYTES || body.readUInt32BE(1) !== body.length - PREFIX_BYTES) {
    return error(`${body.length} bytes that are not one gRPC message`)
  }
  // None was offered.
  if (body[0] !== 0) return error('the answer is compressed')
  try {
    return decodeCheckResponse(body.subarray(PREFIX_BYTES))
  } catch (cause) {
    return error(`the answer is no CheckResponse: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
