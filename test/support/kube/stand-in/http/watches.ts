/** Watches: changes of one resource as lines of JSON, from a revision on, until somebody hangs up. */
import type { ServerResponse } from 'node:http'
import { inVersion } from '../catalogue.ts'
import { expired } from '../failure.ts'
import type { JsonObject } from '../json.ts'
import type { Select } from '../reads.ts'
import { apiVersionOf, type Resource } from '../resources/resource.ts'
import type { Change, Store } from '../store.ts'
import { hangUp } from './both-versions.ts'

export interface WatchRequest {
  readonly resource: Resource
  readonly version: string
  readonly select: Select
  /** `undefined` or 0: what there is now comes first. */
  readonly from: number | undefined
  readonly wantsBookmarks: boolean
  readonly timeoutMs: number
}

/** The running watches of a server. */
export class Watches {
  readonly #store: Store
  readonly #running = new Map<ServerResponse, WatchRequest>()
  /** Every watch of a change would write the same text again. */
  readonly #texts = new WeakMap<JsonObject, string>()

  constructor(store: Store) {
    this.#store = store
  }

  get count(): number {
    return this.#running.size
  }

  /** Answers a request with what happens from now on. */
  open(response: ServerResponse, request: WatchRequest): void {
    const { resource, from, timeoutMs } = request
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const missed = from === undefined || from === 0 ? undefined : this.#store.since(resource, from)
    if (from !== undefined && from > 0 && missed === undefined) {
      const { status } = expired(`too old resource version: ${from} (${this.#store.compacted})`)
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)
      return
    }
    if (missed === undefined) this.#writeAll(response, request)
    for (const change of missed ?? []) this.#write(response, request, change)
    const stop = this.#store.listen(resource, (change) => this.#write(response, request, change))
    this.#running.set(response, request)
    const timer = setTimeout(() => response.end(), timeoutMs)
    response.on('close', () => {
      stop()
      clearTimeout(timer)
      this.#running.delete(response)
    })
  }

  /** Tells all watches that asked for it how far they are. */
  bookmark(): void {
    for (const [response, request] of this.#running) this.#bookmark(response, request)
  }

  /** Breaks off all watches, in the middle of a line where there is one. */
  cut(): void {
    for (const response of this.#running.keys()) hangUp(response)
  }

  /** Ends the watches of a resource that is no more. */
  end(resource: Resource): void {
    for (const [response, request] of this.#running) if (request.resource === resource) response.end()
  }

  #writeAll(response: ServerResponse, request: WatchRequest): void {
    for (const object of this.#store.all(request.resource).filter(request.select)) {
      response.write(this.#line('ADDED', object, request))
    }
    this.#bookmark(response, request, { annotations: { 'k8s.io/initial-events-end': 'true' } })
  }

  #write(response: ServerResponse, request: WatchRequest, { type, object, before }: Change): void {
    const fits = type !== 'DELETED' && request.select(object)
    const didFit = before !== undefined && request.select(before)
    if (fits) response.write(this.#line(didFit ? 'MODIFIED' : 'ADDED', object, request))
    else if (didFit) response.write(this.#line('DELETED', object, request))
  }

  #line(type: string, object: JsonObject, { resource, version }: WatchRequest): string {
    const shown = inVersion(object, resource, version)
    const text = this.#texts.get(shown) ?? JSON.stringify(shown)
    this.#texts.set(shown, text)
    return `{"type":"${type}","object":${text}}\n`
  }

  #bookmark(response: ServerResponse, request: WatchRequest, extra: JsonObject = {}): void {
    if (!request.wantsBookmarks) return
    const { resource, version } = request
    const metadata = { resourceVersion: String(this.#store.revision), ...extra }
    const object = { kind: resource.kind, apiVersion: apiVersionOf(resource.group, version), metadata }
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
  }
}
