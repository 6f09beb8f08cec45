import { isPlainObject } from '../lib/schema.ts'

/** Why a question to the API server got no answer that can be used; a value, never thrown. */
export interface KubeFailure {
  /** What was asked: `GET https://10.96.0.1/api/v1/services`. */
  readonly asked: string
  /** The HTTP status; absent when there was none. */
  readonly status?: number
  /**
   * Kubernetes' own (`NotFound`, `Conflict`, `Forbidden`, `Expired`, …), or ours: `Unreachable`, `Untrusted` (the
   * server's certificate), `Timeout`, `Aborted` (by the caller), `Credentials` (there are none to show), `BadAnswer`.
   */
  readonly reason: string
  /** One sentence for people, without `asked`. */
  readonly message: string
  /** When the server wants to be asked again; a minute at most. */
  readonly retryAfterMs?: number
  /** Single faults of an object that was refused. */
  readonly causes?: readonly { readonly field: string; readonly message: string; readonly reason: string }[]
}

/** What a question came to. */
export type KubeResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: KubeFailure }

/** The failed result. */
export const failed = (failure: KubeFailure): { readonly ok: false; readonly failure: KubeFailure } => ({
  ok: false,
  failure,
})

/** A failure as one line: what was asked, what came of it, and what may help. */
export const formatKubeFailure = ({ asked, status, reason, message }: KubeFailure): string => {
  const answer = status === undefined ? reason : `${status} ${reason}`
  // Quotas, webhooks and namespaces that are going forbid as well, and no role helps with them.
  const isOfRole = reason !== 'Forbidden' || /User ".*" cannot |attempting to grant RBAC/s.test(message)
  const hint = isOfRole ? hints[reason] : undefined
  return `${asked}: ${answer}: ${message}${hint === undefined ? '' : ` (${hint})`}`
}

const hints: Readonly<Record<string, string>> = {
  Unauthorized: 'the account’s token or certificate is not accepted: is it of this cluster, and not expired?',
  Forbidden: 'the account’s role lacks this right',
  Untrusted: 'the CA that is configured did not sign the server’s certificate',
}

/** What an answer with a status of 400 and above says: Kubernetes' `Status` object, or whatever text came. */
export const failureOfAnswer = (
  asked: string,
  status: number,
  { text, retryAfter }: { readonly text: string; readonly retryAfter?: string | undefined },
): KubeFailure => ({ asked, status, ...readStatus(text, status), ...retryAfterOf(retryAfter) })

/** What a `Status` object says, which also comes as an event of a watch. */
export const failureOfStatus = (asked: string, value: unknown): KubeFailure => {
  const status = isPlainObject(value) && typeof value['code'] === 'number' ? value['code'] : undefined
  return { asked, ...(status === undefined ? {} : { status }), ...readObject(value, status) }
}

type Words = Pick<KubeFailure, 'reason' | 'message' | 'causes' | 'retryAfterMs'>

const readStatus = (text: string, status: number): Words => {
  try {
    const value: unknown = JSON.parse(text)
    if (isPlainObject(value) && value['kind'] === 'Status') return readObject(value, status)
  } catch {
    // Proxies and old paths answer in plain text.
  }
  return { reason: reasonOf(status), message: text.trim().slice(0, 300) || 'an answer without a text' }
}

const readObject = (value: unknown, status: number | undefined): Words => {
  const body = isPlainObject(value) ? value : {}
  const { reason, message } = body
  const details = isPlainObject(body['details']) ? body['details'] : {}
  const seconds = details['retryAfterSeconds']
  const causes = Array.isArray(details['causes']) ? details['causes'].flatMap(causeOf) : []
  return {
    reason: typeof reason === 'string' && reason !== '' ? reason : reasonOf(status),
    message: typeof message === 'string' && message !== '' ? message : 'no message',
    ...(typeof seconds === 'number' && seconds > 0 ? { retryAfterMs: waitOf(seconds) } : {}),
    ...(causes.length === 0 ? {} : { causes }),
  }
}

const causeOf = (value: unknown): readonly { field: string; message: string; reason: string }[] => {
  if (!isPlainObject(value)) return []
  const text = (field: unknown): string => (typeof field === 'string' ? field : '')
  return [{ field: text(value['field']), message: text(value['message']), reason: text(value['reason']) }]
}

const reasonOf = (status: number | undefined): string => reasons[status ?? 0] ?? 'Unknown'

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

const retryAfterOf = (header: string | undefined): Pick<KubeFailure, 'retryAfterMs'> => {
  const seconds = header !== undefined && /^\d+$/.test(header) ? Number(header) : 0
  return seconds > 0 ? { retryAfterMs: waitOf(seconds) } : {}
}

/** A server that is overloaded says seconds; a page of a load balancer that says days would keep us from what is news. */
const longestWaitMs = 60_000

const waitOf = (seconds: number): number => Math.min(seconds * 1000, longestWaitMs)
