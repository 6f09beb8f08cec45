/** What a new server has, and what it does by itself when kinds are defined. */
import type { Catalogue } from './catalogue.ts'
import type { Watches } from './http/watches.ts'
import { objectAt, textAt, type JsonObject } from './json.ts'
import type { CompleteService } from './resources/defaults.ts'
import { completeNamespace } from './resources/defaults.ts'
import type { Resource } from './resources/resource.ts'
import type { Store } from './store.ts'
import { timestamp } from './writes.ts'
import { randomUUID } from 'node:crypto'

/** Hands out cluster IPs of 10.96.0.0/16. */
export const createAddresses = (): CompleteService => {
  let last = 9
  return (wanted) => {
    if (wanted !== '') return wanted
    last++
    return `10.96.${last >> 8}.${last & 255}`
  }
}

export const foundNamespaces = (store: Store, namespaces: Resource): void => {
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
    const metadata = { name, uid: randomUUID(), creationTimestamp: timestamp() }
    store.put(namespaces, completeNamespace({ kind: 'Namespace', apiVersion: 'v1', metadata }))
  }
}

/** Brings the kinds along with their definitions. */
export interface Definitions {
  readonly afterWrite: (resource: Resource, object: JsonObject) => void
  readonly afterDelete: (resource: Resource, object: JsonObject, isGone: boolean) => void
}

export const createDefinitions = (store: Store, catalogue: Catalogue, watches: Watches): Definitions => ({
  afterWrite: (resource, object) => {
    if (resource.plural !== 'customresourcedefinitions') return
    if (textAt(object, 'metadata', 'deletionTimestamp') !== '') return
    const before = catalogue.find(textAt(object, 'spec', 'group'), textAt(object, 'spec', 'names', 'plural'))
    catalogue.define(object)
    if (before !== undefined) return
    const names = objectAt(object, 'spec', 'names')
    store.put(resource, { ...object, status: { conditions, acceptedNames: names, storedVersions: ['v1'] } })
  },
  afterDelete: (resource, object, isGone) => {
    if (resource.plural !== 'customresourcedefinitions' || !isGone) return
    const gone = catalogue.forget(object)
    if (gone === undefined) return
    for (const item of store.all(gone)) store.remove(gone, item)
    watches.end(gone)
  },
})

const conditions = ['NamesAccepted', 'Established'].map((type) => ({
  type,
  status: 'True',
  reason: type === 'Established' ? 'InitialNamesAccepted' : 'NoConflicts',
  message: '',
  lastTransitionTime: timestamp(),
}))
