/** All objects, by one counter of revisions, with the changes that led there until they are compacted. */
import { textAt, withValue, type JsonObject } from './json.ts'
import { resourceKey, type Resource } from './resources/resource.ts'

export interface Change {
  readonly revision: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: JsonObject
  readonly before: JsonObject | undefined
}

export type Listener = (change: Change, resource: Resource) => void

/** What tells objects of a resource apart, and orders them. */
export const objectKey = (object: JsonObject): string =>
  `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`

interface Shelf {
  readonly objects: Map<string, JsonObject>
  readonly history: Change[]
  readonly listeners: Set<Listener>
}

const FIRST_REVISION = 100

export class Store {
  readonly #shelves = new Map<string, Shelf>()
  readonly #listeners = new Set<Listener>()
  #revision = FIRST_REVISION
  #compacted = FIRST_REVISION

  get revision(): number {
    return this.#revision
  }

  /** What is older is known no more. */
  get compacted(): number {
    return this.#compacted
  }

  get(resource: Resource, namespace: string, name: string): JsonObject | undefined {
    return this.#shelf(resource).objects.get(`${namespace}/${name}`)
  }

  /** In the order of namespaces and names. */
  all(resource: Resource): readonly JsonObject[] {
    const { objects } = this.#shelf(resource)
    return [...objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  put(resource: Resource, object: JsonObject): JsonObject {
    const shelf = this.#shelf(resource)
    const key = objectKey(object)
    const before = shelf.objects.get(key)
    const revision = ++this.#revision
    const stored = withRevision(object, revision)
    shelf.objects.set(key, stored)
    this.#tell(resource, { revision, type: before === undefined ? 'ADDED' : 'MODIFIED', object: stored, before })
    return stored
  }

  remove(resource: Resource, object: JsonObject): JsonObject {
    const shelf = this.#shelf(resource)
    const key = objectKey(object)
    const revision = ++this.#revision
    const gone = withRevision(object, revision)
    const before = shelf.objects.get(key)
    shelf.objects.delete(key)
    this.#tell(resource, { revision, type: 'DELETED', object: gone, before })
    return gone
  }

  /** What happened after a revision; `undefined` when that has been compacted. */
  since(resource: Resource, revision: number): readonly Change[] | undefined {
    if (revision < this.#compacted) return undefined
    const { history } = this.#shelf(resource)
    const first = history.findIndex((change) => change.revision > revision)
    return first < 0 ? [] : history.slice(first)
  }

  /** Tells of every change of a resource, or of all; returns how to stop. */
  listen(resource: Resource | undefined, listener: Listener): () => void {
    const listeners = resource === undefined ? this.#listeners : this.#shelf(resource).listeners
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  compact(): void {
    this.#compacted = this.#revision
    for (const { history } of this.#shelves.values()) history.length = 0
  }

  #tell(resource: Resource, change: Change): void {
    const shelf = this.#shelf(resource)
    shelf.history.push(change)
    for (const listener of [...shelf.listeners, ...this.#listeners]) listener(change, resource)
  }

  #shelf(resource: Resource): Shelf {
    const key = resourceKey(resource)
    const known = this.#shelves.get(key)
    if (known !== undefined) return known
    const shelf: Shelf = { objects: new Map(), history: [], listeners: new Set() }
    this.#shelves.set(key, shelf)
    return shelf
  }
}

const withRevision = (object: JsonObject, revision: number): JsonObject =>
  withValue(object, ['metadata', 'resourceVersion'], String(revision))
