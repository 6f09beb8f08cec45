import { systemClock, type Clock } from '../lib/clock.ts'
import { backoffMs } from '../lib/waiting/backoff.ts'
import type { KubeClient, KubeJson, Selection } from './client.ts'
import type { KubeFailure, KubeResult } from './failure.ts'
import type { KubeResource } from './resources.ts'

/** A copy of the API server's objects that is kept up to date. */
export interface Reflector<T> {
  /** By `NAMESPACE/NAME`; complete as of some moment, or empty while `state` is `starting`. */
  readonly items: () => Iterable<T>
  readonly state: () => ReflectorState
  /** Lists all anew, for `isWanted` has changed its mind. */
  readonly relist: () => void
  /** Stops asking; what is known stays. */
  readonly close: () => void
}

/**
 * `starting`: the first list is not there yet. `synced`: everything is there; with a `failure` the server could not be
 * asked lately, and changes since then are not known.
 */
export interface ReflectorState {
  readonly phase: 'starting' | 'synced'
  /** The last one, until something works again. */
  readonly failure?: KubeFailure
  /** Lists that were complete, and watches that were opened since the start. */
  readonly lists: number
  readonly watches: number
}

export interface ReflectorOptions<T> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly resource: KubeResource
  readonly selection: Selection
  /** Of the others nothing is kept. Default: all are. */
  readonly isWanted?: (object: KubeJson) => boolean
  /** What is kept of an object. */
  readonly decode: (object: KubeJson) => T
  /** Whether nothing of interest differs: then the one before stays, and nobody is told. Default: never. */
  readonly isSame?: (before: T, after: T) => boolean
  /** Called when items changed, or the state did. */
  readonly onChange: () => void
  readonly clock?: Clock
  /** Default: `Math.random`. */
  readonly random?: () => number
}

/**
 * Lists, then watches, and does so again whatever happens: what is known stays until something newer is complete. A watch
 * that ends goes on where it ended; when the server no longer knows that version, all is listed anew, and what is as it
 * was stays the very same.
 */
export const startReflector = <T>(options: ReflectorOptions<T>): Reflector<T> => {
  const reflection = new Reflection(options)
  void reflection.run()
  return {
    items: () => reflection.values(),
    state: () => reflection.state(),
    relist: () => reflection.relist(),
    close: () => reflection.close(),
  }
}

interface Kept<T> {
  /** No two objects have the same; as a number if it is a small one, which takes no memory. */
  readonly version: string | number | undefined
  readonly value: T
}

const backoff = { firstMs: 500, lastMs: 15_000 }
/** A watch that ends sooner was none, unless there was an event: but not again and again. */
const shortMs = 1000
const maxShort = 3
/** How long a watch may last: so long, and up to twice as long, so that those of many waypoints do not end together. */
const watchSeconds = 300

class Reflection<T> {
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #random: () => number
  #isClosed = false
  /** Ends what is under way, or waited for. */
  #current = new AbortController()
  #items = new Map<string, Kept<T>>()
  /** Where a watch goes on; `undefined`: all is to be listed. */
  #version: string | undefined
  /** The newest that was ever seen: no list may be older. */
  #newest = '0'
  /** Pages that are older than the server remembers when their turn comes: then all in one, as client-go does. */
  #isPaged = true
  #phase: ReflectorState['phase'] = 'starting'
  #failure: KubeFailure | undefined
  #failures = 0
  /** Watches in a row whose version was too old at once. */
  #forgotten = 0
  /** Watches in a row that ended soon. */
  #short = 0
  #lists = 0
  #watches = 0

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
  }

  *values(): Iterable<T> {
    for (const { value } of this.#items.values()) yield value
  }

  state(): ReflectorState {
    const failure = this.#failure
    const counts = { lists: this.#lists, watches: this.#watches }
    return { phase: this.#phase, ...(failure === undefined ? {} : { failure }), ...counts }
  }

  relist(): void {
    this.#phase = 'starting'
    this.#current.abort()
  }

  close(): void {
    this.#isClosed = true
    this.#current.abort()
  }

  async run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#current.signal.aborted) {
        this.#current = new AbortController()
        this.#version = undefined
      }
      const failure = this.#version === undefined ? await this.#list() : await this.#watch(this.#version)
      if (failure === undefined || this.#current.signal.aborted) continue
      this.#failures++
      await this.#pause(Math.max(backoffMs(this.#failures, this.#random, backoff), failure.retryAfterMs ?? 0))
    }
  }

  /** The failure that has to be waited for, if there is one. */
  async #list(): Promise<KubeFailure | undefined> {
    const { client, resource, selection, isWanted = isAny } = this.#options
    const fresh = new Map<string, Kept<T>>()
    let hasChanged = false
    const take = (object: KubeJson): void => {
      if (!isWanted(object)) return
      const key = keyOf(object)
      const before = this.#items.get(key)
      const kept = this.#keep(object, before)
      hasChanged ||= kept.value !== before?.value
      fresh.set(key, kept)
    }
    const listed = await client.list(resource, {
      ...selection,
      onItem: take,
      signal: this.#current.signal,
      ...(this.#newest === '' ? {} : { notOlderThan: this.#newest }),
      ...(this.#isPaged ? {} : { limit: undefined }),
    })
    if (this.#current.signal.aborted) return undefined
    if (!listed.ok) {
      // The server has forgotten that version, or never had it (its data is a restored copy): then the newest that it has.
      if (isOfVersion(listed.failure)) this.#newest = ''
      if (isForgotten(listed.failure)) this.#isPaged = false
      this.#fail(listed.failure)
      return listed.failure
    }
    const isFirst = this.#phase === 'starting'
    hasChanged ||= this.#items.keys().some((key) => !fresh.has(key))
    this.#items = fresh
    this.#phase = 'synced'
    this.#isPaged = true
    this.#lists++
    this.#moveTo(listed.value.resourceVersion)
    this.#work(isFirst || hasChanged)
    return undefined
  }

  async #watch(version: string): Promise<KubeFailure | undefined> {
    const { client, resource, selection } = this.#options
    const startedMs = this.#clock.monotonicMs()
    let events = 0
    const ended = await client.watch(resource, {
      ...selection,
      resourceVersion: version,
      timeoutSeconds: Math.round(watchSeconds * (1 + this.#random())),
      signal: this.#current.signal,
      onOpen: () => {
        this.#watches++
        if (this.#failure !== undefined) this.#work(true)
      },
      onEvent: (event) => {
        events++
        if (event.type === 'BOOKMARK') return this.#moveTo(event.resourceVersion)
        this.#moveTo(event.object.metadata.resourceVersion ?? '')
        this.#take(event.type, event.object)
      },
    })
    const hasLasted = this.#clock.monotonicMs() - startedMs >= shortMs
    // What failed before it is over, even when it is us who end it.
    if (hasLasted) this.#failures = 0
    if (this.#current.signal.aborted) return undefined
    this.#short = hasLasted ? 0 : this.#short + 1
    const wasUseful = this.#short === 0 || (events > 0 && this.#short <= maxShort)
    if (wasUseful) {
      this.#failures = 0
      this.#forgotten = 0
    }
    return this.#endWatch(ended, wasUseful)
  }

  #endWatch(ended: KubeResult<undefined>, wasUseful: boolean): KubeFailure | undefined {
    if (ended.ok) {
      // Servers end watches as a matter of course, and so do those that cannot keep any.
      const asked = `watch of ${this.#options.resource.plural}`
      return wasUseful ? undefined : { asked, reason: 'Timeout', message: 'it ended as soon as it was open' }
    }
    const { failure } = ended
    if (isForgotten(failure)) {
      this.#version = undefined
      // Once is what happens after an outage; a server that forgets what it just said is waited for.
      return this.#forgotten++ === 0 ? undefined : failure
    }
    if (!isPassing(failure)) this.#version = undefined
    this.#fail(failure)
    // Load balancers cut what is open for long.
    return failure.status === undefined && wasUseful ? undefined : failure
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeJson): void {
    const key = keyOf(object)
    const before = this.#items.get(key)
    const { isWanted = isAny } = this.#options
    if (type === 'DELETED' || !isWanted(object)) {
      if (this.#items.delete(key)) this.#options.onChange()
      return
    }
    const kept = this.#keep(object, before)
    this.#items.set(key, kept)
    if (kept.value !== before?.value) this.#options.onChange()
  }

  /** What is kept of an object, the very same where nothing changed. */
  #keep(object: KubeJson, before: Kept<T> | undefined): Kept<T> {
    const version = versionOf(object)
    if (before !== undefined && before.version === version) return before
    const { decode, isSame } = this.#options
    const value = decode(object)
    const isAsBefore = before !== undefined && isSame?.(before.value, value) === true
    return { version, value: isAsBefore ? before.value : value }
  }

  #moveTo(version: string): void {
    if (version === '') return
    this.#version = version
    this.#newest = version
  }

  #work(shouldTell: boolean): void {
    this.#failure = undefined
    if (shouldTell) this.#options.onChange()
  }

  #fail(failure: KubeFailure): void {
    const isNew = this.#failure?.reason !== failure.reason
    this.#failure = failure
    if (isNew) this.#options.onChange()
  }

  async #pause(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { signal } = this.#current
    const cancel = this.#clock.after(waitMs, resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    cancel()
  }
}

const isAny = (): boolean => true

const keyOf = ({ metadata }: KubeJson): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** Another text never comes out as the same. */
const versionOf = ({ metadata: { resourceVersion } }: KubeJson): Kept<unknown>['version'] =>
  resourceVersion !== undefined && /^[1-9][0-9]{0,8}$/.test(resourceVersion) ? Number(resourceVersion) : resourceVersion

const isForgotten = ({ reason }: KubeFailure): boolean => reason === 'Expired' || reason === 'Gone'

/** Too old for the server, or newer than all that it has. */
const isOfVersion = (failure: KubeFailure): boolean => {
  const { message, causes = [] } = failure
  const isTooNew = causes.some((cause) => cause.reason === 'ResourceVersionTooLarge')
  return isForgotten(failure) || isTooNew || /too large resource version/i.test(message)
}

/** Whether the watch may go on where it was: it broke, or the server cannot or will not have it now. */
const isPassing = (failure: KubeFailure): boolean => {
  const { status, reason } = failure
  if (isOfVersion(failure) || reason === 'BadAnswer') return false
  return status === undefined || status === 401 || status === 403 || status >= 429
}
