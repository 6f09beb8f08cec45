import { frameMessage, grpcFields, readUnary } from '../../http/grpc-unary.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { CallAnswer } from '../../proxy/side/provider-call.ts'
import { DEFAULT_TIMEOUT_MS, type CallService, type OtlpTarget } from './otlp-target.ts'

/** What a collector made of a report: its answer, or why there is none; `isPassing`: the same may be taken later. */
export type ReportAnswer =
  | { readonly ok: true; readonly message: Buffer }
  | { readonly ok: false; readonly isPassing: boolean; readonly why: string }

/** Sends a report to a Service as requests go there: to endpoints that are ready, over HBONE where they speak it. */
export const sendToService = async (
  report: Uint8Array,
  to: {
    readonly target: Extract<OtlpTarget, { kind: 'service' }>
    /** Path of the gRPC method, or of HTTP. */
    readonly at: string
  },
  call: CallService,
): Promise<ReportAnswer> => {
  const { protocol, hostname, port, endpoints, headers: more, timeoutMs = DEFAULT_TIMEOUT_MS } = to.target
  const isGrpc = protocol === 'grpc'
  const headers = isGrpc ? grpcFields(timeoutMs) : new HeaderList(['content-type', 'application/x-protobuf'])
  for (const [name, value] of more) headers.set(name, value)
  const request = {
    method: 'POST',
    target: to.at,
    host: `${hostname}:${port}`,
    headers,
    body: isGrpc ? frameMessage(report) : Buffer.from(report.buffer, report.byteOffset, report.byteLength),
    isHttp2: isGrpc,
  }
  const answer = await call(endpoints, request, timeoutMs)
  return isGrpc ? readGrpc(answer) : readHttp(answer)
}

/** gRPC's codes by which the same may be taken later (OTLP 1.x, Failures). */
const PASSING: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15])

/** Whether whoever has answered with that code may take the same later. */
export const isPassingGrpc = (code: number): boolean => PASSING.has(code)

const isPassingHttp = (status: number): boolean => status === 429 || (status >= 502 && status <= 504)

const readGrpc = (answer: CallAnswer): ReportAnswer => {
  if (answer.kind === 'failed') return { ok: false, isPassing: true, why: answer.message }
  const read = readUnary(answer)
  if (read.ok) return read
  const isPassing = read.code === undefined ? isPassingHttp(answer.status) : isPassingGrpc(read.code)
  return { ok: false, isPassing, why: read.why }
}

const readHttp = (answer: CallAnswer): ReportAnswer => {
  if (answer.kind === 'failed') return { ok: false, isPassing: true, why: answer.message }
  const { status, body } = answer
  if (status >= 200 && status <= 299) return { ok: true, message: body }
  return { ok: false, isPassing: isPassingHttp(status), why: `HTTP status ${status}` }
}
