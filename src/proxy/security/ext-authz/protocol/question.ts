import type { Source } from '../../../../filter/record.ts'
import type { HeaderList } from '../../../../http/header-list.ts'

/** What a provider is asked about: a request, or a connection whose bytes are passed on as they are. */
export interface Question {
  readonly source: Pick<Source, 'principal' | 'address'>
  readonly destination: QuestionDestination
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number
  readonly sni: string | undefined
  readonly request: QuestionRequest | undefined
}

/** The Service port that was called. */
export interface QuestionDestination {
  readonly hostname: string
  /** That was dialled; `undefined`: the client called it by name. */
  readonly address: string | undefined
  readonly port: number
  /** Of those behind it, where they are all of one identity. */
  readonly principal: string | undefined
}

/** A request as the backend is going to get it. */
export interface QuestionRequest {
  readonly id: string
  readonly method: string
  /** By the client's own account. */
  readonly scheme: string
  readonly authority: string
  /** Normalised. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  /** `HTTP/1.1` */
  readonly protocol: string
  readonly headers: HeaderList
  /** The protocols that it asks the backend to switch to; a field of the connection, and so not among the headers. */
  readonly upgrade?: string | undefined
  /** In bytes; `undefined` for one of unknown length. */
  readonly bodyLength: number | undefined
  /** Where it is to be shown. */
  readonly body: { readonly bytes: Buffer; readonly isPartial: boolean } | undefined
}
