import { CHECK_PATH } from '../../../../model/security/external-authorization.ts'
import { frameMessage, grpcFields, readUnary } from '../../../../http/grpc-unary.ts'
import type { ExternalAuthorization } from '../../../../model/security/external-authorization.ts'
import { decodeCheckResponse, encodeCheckRequest } from './check-messages.ts'
import { compileNames } from './names.ts'
import type { CallAnswer, CallRequest } from '../../../side/provider-call.ts'
import type { Question } from './question.ts'
import type { Verdict } from './verdict.ts'

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
      target: CHECK_PATH,
      host: `${service.hostname}:${service.port}`,
      headers: grpcFields(timeoutMs),
      body: frameMessage(encodeCheckRequest(question, { shows, addedHeaders, asBytes })),
      isHttp2: true,
    }),
    read: readAnswer,
  }
}

const readAnswer = (answer: Parameters<Protocol['read']>[0]): Verdict => {
  const error = (message: string): Verdict => ({ kind: 'error', message })
  const read = readUnary(answer)
  if (!read.ok) return error(read.why)
  try {
    return decodeCheckResponse(read.message)
  } catch (cause) {
    return error(`the answer is no CheckResponse: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
