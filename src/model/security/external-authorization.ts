import type { EndpointKey } from '../endpoint.ts'
import type { BackendService } from '../route.ts'

/** What is called of Envoy's ext_authz over gRPC, as its `:path` has it. */
export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check'

/** Somebody who is asked whether a request may pass: Envoy's ext_authz protocol v3 (gRPC), or an HTTP request of its own. */
export interface ExternalAuthorization {
  readonly protocol: 'grpc' | 'http'
  readonly service: BackendService
  /** Among the model's endpoints. */
  readonly endpoints: EndpointKey
  /** From the question to the whole answer, in milliseconds. */
  readonly timeoutMs: number
  /** What becomes of a request when there is no answer: it passes, or it is refused with `statusOnError`. */
  readonly failOpen: boolean
  readonly statusOnError: number
  /** Absent: the body of a request is not shown. */
  readonly body?: ShownBody
  /** Fields of the request that are shown; absent: all of them. */
  readonly shownHeaders?: readonly NamePattern[]
  /** Fields that are shown whatever the request says; in place of what it has by that name. */
  readonly addedHeaders: readonly (readonly [name: string, value: string])[]
  /** What an HTTP answer may change; of a gRPC answer everything counts. */
  readonly answer: AnswerRules
  /** Stands before the path of an HTTP question; may be empty. */
  readonly pathPrefix: string
}

/** How much of a request's body is shown. */
export interface ShownBody {
  /** Above 0. */
  readonly maxBytes: number
  /** A longer one is cut; else it is refused with 413. */
  readonly allowsPartial: boolean
  /** gRPC: as `raw_body` in place of `body`. */
  readonly asBytes: boolean
}

/** Which fields of an HTTP answer go where; `all` but those that speak of the connection, or of the answer's own body. */
export interface AnswerRules {
  readonly toUpstream: FieldChoice
  readonly toDownstreamOnAllow: FieldChoice
  readonly toDownstreamOnDeny: FieldChoice
}

export type FieldChoice = 'all' | readonly NamePattern[]

/** A field name in lower case, or how it begins or ends. */
export interface NamePattern {
  readonly kind: 'exact' | 'prefix' | 'suffix'
  readonly text: string
}

/** An extension provider of the mesh (MeshConfig), which CUSTOM policies name. */
export type AuthorizationProvider =
  | { readonly key: string; readonly kind: 'usable'; readonly settings: ExternalAuthorization }
  /** Nobody can be asked: what should be decided by it is refused. */
  | { readonly key: string; readonly kind: 'closed'; readonly reason: string }

/** How long there may be no answer by default: in Istio it is 600 s, for which no client waits. */
export const DEFAULT_AUTHORIZATION_MS = 2000
