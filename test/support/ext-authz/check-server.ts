import * as grpc from '@grpc/grpc-js'
import { listen } from '../peers/grpc-echo.ts'
import { readCheckRequest, writeCheckResponse, type SeenCheck, type WrittenAnswer } from './check-wire.ts'

/** What becomes of a check: an answer, bytes in place of one, a gRPC status, or nothing ever. */
export type CheckOutcome = WrittenAnswer | Buffer | { readonly fails: grpc.status } | 'silence'

const service = {
  check: {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (message: Buffer) => message,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
} satisfies grpc.ServiceDefinition

/** A provider on grpc-js, with codecs of its own. */
export interface CheckServer {
  readonly port: number
  readonly seen: SeenCheck[]
  readonly deadlines: (Date | number)[]
  readonly metadata: grpc.Metadata[]
  /** Checks whose caller gave up. */
  cancelled: number
  answer: (check: SeenCheck) => CheckOutcome
  readonly close: () => void
}

export const startCheckServer = async (answer: CheckServer['answer'] = () => ({ code: 0 })): Promise<CheckServer> => {
  const server = new grpc.Server({ 'grpc.max_send_message_length': -1 })
  const seen: SeenCheck[] = []
  const deadlines: (Date | number)[] = []
  const metadata: grpc.Metadata[] = []
  server.addService(service, {
    check: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      const check = readCheckRequest(call.request)
      seen.push(check)
      deadlines.push(call.getDeadline())
      metadata.push(call.metadata)
      call.on('cancelled', () => provider.cancelled++)
      const outcome = provider.answer(check)
      if (outcome === 'silence') return
      if (Buffer.isBuffer(outcome)) done(null, outcome)
      else if ('fails' in outcome) done({ code: outcome.fails, details: 'as you wish' }, null)
      else done(null, writeCheckResponse(outcome))
    },
  })
  const port = await listen(server)
  const close = (): void => server.forceShutdown()
  const provider: CheckServer = { port, seen, deadlines, metadata, cancelled: 0, answer, close }
  return provider
}
