/**
 * A client for the Kubernetes API: questions and their answers, without opinions. What objects mean, and waiting and
 * trying again, must never enter this file; every failure is data.
 */
import { systemClock, type Clock } from '../lib/clock.ts'
import { isPlainObject } from '../lib/schema.ts'
import type { KubeConnection } from './connect/connection.ts'
import { findServed, type ServedKind } from './discovery.ts'
import { failed, failureOfStatus, type KubeResult } from './failure.ts'
import { askPatiently } from './patience.ts'
import { BadPiece, parsePiece, readChunks, readRefusal, readText, type ReadOptions } from './read-answer.ts'
import { apiVersionOf, resourcePath, type KubeResource } from './resources.ts'
import { createLineSplitter } from './split-lines.ts'
import { createListSplitter, readFrame } from './split-list.ts'
import { createTransport, type Transport, type TransportRequest } from './transport.ts'
import type { TransportAnswer } from './wire/carrier.ts'

/** An object as the API server has it. */
export interface KubeJson {
  readonly metadata: KubeMetadata
  readonly [field: string]: unknown
}

export interface KubeMetadata {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly deletionTimestamp?: string
  readonly [field: string]: unknown
}

/** Which object. */
export interface ObjectName {
  /** Not given for kinds of the cluster. */
  readonly namespace?: string | undefined
  readonly name: string
}

/** Which objects. */
export interface Selection {
  /** Not given: all. */
  readonly namespace?: string | undefined
  /** `app=api` */
  readonly labels?: string | undefined
  /** `metadata.name=istio` */
  readonly fields?: string | undefined
}

export interface ListQuery extends Selection {
  /** Gets each item as it comes. */
  readonly onItem: (item: KubeJson) => void
  /** At least as new as this; `0`: what the server has at hand. Not given: the newest. */
  readonly notOlderThan?: string | undefined
  /** Items of a page; `undefined`: all in one. Default 500. */
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a list was as a whole. */
export interface ListEnd {
  /** Where a watch goes on. */
  readonly resourceVersion: string
}

/** What a watch tells. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeJson }
  /** Nothing changed up to here. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface WatchQuery extends Selection {
  /** From where on. */
  readonly resourceVersion: string
  readonly onEvent: (event: WatchEvent) => void
  /** When the server is to end it. */
  readonly timeoutSeconds: number
  /** How long it may be silent: bookmarks come about once a minute. Default 180,000. */
  readonly idleMs?: number
  /** Called when the server has accepted it. */
  readonly onOpen?: () => void
  readonly signal?: AbortSignal | undefined
}

/** A part of an object that is written by itself. */
export type Subresource = 'status'

export interface WriteOptions {
  /** Who is written down as the owner of the fields. */
  readonly fieldManager: string
  readonly subresource?: Subresource | undefined
  /** Nothing is kept, but all is checked. */
  readonly isDryRun?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields over that others own, instead of failing with `Conflict`. */
  readonly force?: boolean
}

export interface DeleteOptions {
  /** Only this very object; `Conflict` otherwise. */
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  /** What becomes of what it owns. Default: as the kind has it. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  /** Nothing is deleted, but all is checked. */
  readonly isDryRun?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface KubeClient {
  readonly connection: Pick<KubeConnection, 'server' | 'source' | 'namespace'>
  readonly get: (resource: KubeResource, object: ObjectName, signal?: AbortSignal) => Promise<KubeResult<KubeJson>>
  /** Gives the items of all pages one by one; ends with a failure when one of them fails. */
  readonly list: (resource: KubeResource, query: ListQuery) => Promise<KubeResult<ListEnd>>
  /** Tells of changes until the server ends it (`ok`), or something else does. Too old a version is `Expired`. */
  readonly watch: (resource: KubeResource, query: WatchQuery) => Promise<KubeResult<undefined>>
  readonly create: (resource: KubeResource, object: KubeJson, options: WriteOptions) => Promise<KubeResult<KubeJson>>
  /** Server-side apply. `object` has exactly the fields that the manager wants to own. */
  readonly apply: (resource: KubeResource, object: KubeJson, options: ApplyOptions) => Promise<KubeResult<KubeJson>>
  /** Replaces the object; `Conflict` unless `metadata.resourceVersion` is the present one. */
  readonly update: (resource: KubeResource, object: KubeJson, options: WriteOptions) => Promise<KubeResult<KubeJson>>
  /** The object that is going, or Kubernetes' word that it is gone. */
  readonly delete: (resource: KubeResource, object: ObjectName, options?: DeleteOptions) => Promise<KubeResult<unknown>>
  /**
   * The kinds that the server has of a group, in those of `versions` that it serves, or in all of them; none when it has no
   * such group.
   */
  readonly served: (
    group: string,
    versions: readonly string[] | 'all',
    signal?: AbortSignal,
  ) => Promise<KubeResult<readonly ServedKind[]>>
  /** What the server is, and what time it has. */
  readonly server: (signal?: AbortSignal) => Promise<KubeResult<ServerAnswer>>
  /** Ends whatever is under way. */
  readonly close: () => void
}

/** What a server says of itself. */
export interface ServerAnswer {
  /** `v1.34.1`; empty when it does not say. */
  readonly version: string
  /** Its clock in milliseconds since the Unix epoch, in whole seconds; `undefined`: it tells no time. */
  readonly dateMs: number | undefined
}

export interface ClientOptions {
  /** For proxies, as client-go has it. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
  /** How long the head of an answer, and each pause in it, may take. Default 30,000. */
  readonly deadlineMs?: number
  /** Whether a busy server is asked again when it says, within that time; for whoever asks but once. Default: no. */
  readonly isPatient?: boolean | undefined
}

const defaultDeadlineMs = 30_000
const defaultIdleMs = 180_000
const pageItems = 500

/** Makes a client of a connection; nothing is sent yet. */
export const createKubeClient = (connection: KubeConnection, options: ClientOptions = {}): KubeClient => {
  const { clock = systemClock, deadlineMs = defaultDeadlineMs, env = {}, isPatient = false } = options
  const wire = createWire(createTransport(connection, env, clock), { clock, deadlineMs, isPatient })
  const write = (method: 'POST' | 'PUT' | 'PATCH', type: string) => {
    const send = async (
      resource: KubeResource,
      object: KubeJson,
      { fieldManager, subresource, isDryRun, force, signal }: ApplyOptions,
    ): Promise<KubeResult<KubeJson>> => {
      const { namespace, name } = object.metadata
      const place = { namespace, subresource, ...(method === 'POST' ? {} : { name }) }
      const query = { fieldManager, force: force === true ? 'true' : undefined, dryRun: isDryRun ? 'All' : undefined }
      const text = JSON.stringify({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object })
      return wire.object({ method, path: pathWith(resourcePath(resource, place), query), body: { type, text }, signal })
    }
    return send
  }
  return {
    connection,
    get: (resource, object, signal) => wire.object({ method: 'GET', path: resourcePath(resource, object), signal }),
    list: (resource, query) => listPages(wire, resource, query),
    watch: (resource, query) => watchLines(wire, resource, query),
    create: write('POST', 'application/json'),
    // JSON is YAML, and the only form of an apply that every version of Kubernetes takes is YAML.
    apply: write('PATCH', 'application/apply-patch+yaml'),
    update: write('PUT', 'application/json'),
    delete: (resource, object, { uid, resourceVersion, propagation, isDryRun, signal } = {}) => {
      const preconditions = { uid, resourceVersion }
      const text = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions,
        propagationPolicy: propagation,
        ...(isDryRun === true ? { dryRun: ['All'] } : {}),
      })
      const path = resourcePath(resource, object)
      return wire.document({ method: 'DELETE', path, body: { type: 'application/json', text }, signal })
    },
    served: (group, versions, signal) =>
      findServed(
        async (path) => {
          const found = await wire.document({ method: 'GET', path, signal })
          return !found.ok && found.failure.status === 404 ? { ok: true, value: undefined } : found
        },
        group,
        versions,
      ),
    server: (signal) => askServer(wire, signal),
    close: wire.close,
  }
}

type Question = Omit<TransportRequest, 'headMs'>

/** Sends, and reads what comes back. */
interface Wire {
  readonly document: (question: Question, onHead?: (head: TransportAnswer) => void) => Promise<KubeResult<unknown>>
  readonly object: (question: Question) => Promise<KubeResult<KubeJson>>
  /** Passes the bytes of a good answer on. */
  readonly stream: (
    question: Question,
    options: { readonly idleMs?: number | undefined; readonly onOpen?: (() => void) | undefined },
    onChunk: (chunk: Buffer) => void,
  ) => Promise<KubeResult<undefined>>
  readonly name: Transport['name']
  readonly close: () => void
}

const createWire = (
  transport: Transport,
  { clock, deadlineMs, isPatient }: { readonly clock: Clock; readonly deadlineMs: number; readonly isPatient: boolean },
): Wire => {
  const readingOf = (question: Question, idleMs = deadlineMs): ReadOptions => ({
    asked: transport.name(question),
    clock,
    idleMs,
    signal: question.signal,
  })
  const askOnce = async (question: Question): Promise<KubeResult<TransportAnswer>> => {
    const answer = await transport.send({ ...question, headMs: deadlineMs })
    if (!answer.ok || answer.value.status < 300) return answer
    return readRefusal(answer.value, readingOf(question))
  }
  const ask = (question: Question): Promise<KubeResult<TransportAnswer>> =>
    isPatient
      ? askPatiently(() => askOnce(question), { clock, deadlineMs, signal: question.signal })
      : askOnce(question)
  const document: Wire['document'] = async (question, onHead) => {
    const answer = await ask(question)
    if (!answer.ok) return answer
    onHead?.(answer.value)
    const read = await readText(answer.value, readingOf(question))
    if (!read.ok) return read
    try {
      return { ok: true, value: parsePiece(read.value) }
    } catch (error) {
      return failed({ asked: transport.name(question), reason: 'BadAnswer', message: String(error) })
    }
  }
  return {
    document,
    object: async (question) => {
      const found = await document(question)
      if (!found.ok || isKubeJson(found.value)) return found as KubeResult<KubeJson>
      return failed({ asked: transport.name(question), reason: 'BadAnswer', message: 'the answer is no object' })
    },
    stream: async (question, { idleMs, onOpen }, onChunk) => {
      const answer = await ask(question)
      if (!answer.ok) return answer
      onOpen?.()
      return readChunks(answer.value, onChunk, readingOf(question, idleMs))
    },
    name: transport.name,
    close: transport.close,
  }
}

const askServer = async (wire: Wire, signal: AbortSignal | undefined): Promise<KubeResult<ServerAnswer>> => {
  let date: string | undefined
  const found = await wire.document(
    { method: 'GET', path: '/version', signal },
    ({ header }) => (date = header('date')),
  )
  if (!found.ok) return found
  const version = isPlainObject(found.value) ? found.value['gitVersion'] : undefined
  const dateMs = date === undefined ? Number.NaN : Date.parse(date)
  return {
    ok: true,
    value: {
      version: typeof version === 'string' ? version : '',
      dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
    },
  }
}

const listPages = async (wire: Wire, resource: KubeResource, query: ListQuery): Promise<KubeResult<ListEnd>> => {
  const { onItem, notOlderThan, signal } = query
  const limit = 'limit' in query ? query.limit : pageItems
  // Items of a list do not say what they are.
  const type = { apiVersion: apiVersionOf(resource), kind: resource.kind }
  const take = (text: string): void => {
    const item = parsePiece(text)
    if (!isKubeJson(item) || !isNamed(item)) throw new BadPiece('an item of the list is no object with a name')
    onItem({ ...type, ...item })
  }
  let next: string | undefined
  for (;;) {
    const version = next === undefined ? notOlderThan : undefined
    const path = pathWith(resourcePath(resource, query), {
      labelSelector: query.labels,
      fieldSelector: query.fields,
      limit: limit === undefined ? undefined : String(limit),
      continue: next,
      resourceVersion: version,
      resourceVersionMatch: version === undefined ? undefined : 'NotOlderThan',
    })
    const splitter = createListSplitter(take)
    const page = await wire.stream({ method: 'GET', path, signal }, {}, splitter.write)
    if (!page.ok) return page
    const end = readFrame(splitter.frame())
    if (end === undefined) {
      return failed({
        asked: wire.name({ method: 'GET', path }),
        reason: 'BadAnswer',
        message: 'the answer is no list',
      })
    }
    next = end.next
    if (next === undefined) return { ok: true, value: { resourceVersion: end.resourceVersion } }
  }
}

const watchLines = async (wire: Wire, resource: KubeResource, query: WatchQuery): Promise<KubeResult<undefined>> => {
  const { onEvent, signal, idleMs = defaultIdleMs, onOpen } = query
  const path = pathWith(resourcePath(resource, { namespace: query.namespace }), {
    labelSelector: query.labels,
    fieldSelector: query.fields,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: query.resourceVersion,
    timeoutSeconds: String(query.timeoutSeconds),
  })
  const asked = wire.name({ method: 'GET', path })
  let told: KubeResult<undefined> | undefined
  const split = createLineSplitter((line) => {
    if (told !== undefined || line === '') return
    const event = parsePiece(line)
    if (!isPlainObject(event)) throw new BadPiece('a line of the watch is no event')
    if (event['type'] === 'ERROR') told = failed(failureOfStatus(asked, event['object']))
    else onEvent(readEvent(event))
  })
  const end = await wire.stream({ method: 'GET', path, signal }, { idleMs, onOpen }, split)
  return told ?? end
}

const readEvent = ({ type, object }: Readonly<Record<string, unknown>>): WatchEvent => {
  if (!isKubeJson(object)) throw new BadPiece('a line of the watch has no object')
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isNamed(object)) throw new BadPiece('a line of the watch has an object without a name')
      return { type, object }
    case 'BOOKMARK':
      return { type, resourceVersion: object.metadata.resourceVersion ?? '' }
    default:
      throw new BadPiece(`a line of the watch is of an unknown type: ${JSON.stringify(type)?.slice(0, 50)}`)
  }
}

/** Whether a foreign value has what every object has; a bookmark's has no name. */
const isKubeJson = (value: unknown): value is KubeJson => isPlainObject(value) && isPlainObject(value['metadata'])

/** A list of what has no names would be one object. */
const isNamed = ({ metadata }: KubeJson): boolean => {
  const name: unknown = metadata.name
  return typeof name === 'string' && name !== ''
}

const pathWith = (path: string, query: Readonly<Record<string, string | undefined>>): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}
