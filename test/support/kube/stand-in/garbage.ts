/** What kube-controller-manager does about objects that nobody needs any more: those whose owners are gone, and whole namespaces. */
import type { Catalogue } from './catalogue.ts'
import { listAt, textAt, withValue, without, objectAt, type JsonObject } from './json.ts'
import { objectKey, type Change, type Store } from './store.ts'
import type { Resource } from './resources/resource.ts'

interface Dependent {
  readonly resource: Resource
  readonly namespace: string
  readonly name: string
}

/** Starts collecting; everything happens a moment after the change that led to it, as it does in a cluster. */
export const collectGarbage = (store: Store, catalogue: Catalogue): (() => void) => {
  const dependents = new Map<string, Map<string, Dependent>>()
  const note = ({ object }: Change, resource: Resource): void => {
    for (const owner of listAt(object, 'metadata', 'ownerReferences')) {
      const uid = textAt(owner, 'uid')
      const known = dependents.get(uid) ?? new Map<string, Dependent>()
      dependents.set(uid, known)
      const name = textAt(object, 'metadata', 'name')
      const namespace = textAt(object, 'metadata', 'namespace')
      known.set(`${resource.group}/${resource.plural}/${objectKey(object)}`, { resource, namespace, name })
    }
  }
  const release = (object: JsonObject, resource: Resource): void => {
    const uid = textAt(object, 'metadata', 'uid')
    for (const { resource: kind, namespace, name } of dependents.get(uid)?.values() ?? []) {
      const dependent = store.get(kind, namespace, name)
      if (dependent === undefined) continue
      const owners = listAt(dependent, 'metadata', 'ownerReferences')
      const left = owners.filter((owner) => textAt(owner, 'uid') !== uid)
      if (left.length === owners.length) continue
      if (left.length > 0) store.put(kind, withValue(dependent, ['metadata', 'ownerReferences'], left))
      else removeWhole(store, kind, dependent)
    }
    dependents.delete(uid)
    if (textAt(object, 'metadata', 'deletionTimestamp') !== '') releaseForeground(store, resource, object)
  }
  const onChange = (change: Change, resource: Resource): void => {
    note(change, resource)
    const isMarked = textAt(change.object, 'metadata', 'deletionTimestamp') !== ''
    if (change.type !== 'DELETED' && !isMarked) return
    setImmediate(() => {
      if (resource.plural === 'namespaces' && resource.group === '' && isMarked)
        emptyNamespace(store, catalogue, change.object)
      else if (change.type === 'DELETED' || isForeground(change.object)) release(change.object, resource)
    })
  }
  return store.listen(undefined, onChange)
}

const isForeground = (object: JsonObject): boolean =>
  listAt(object, 'metadata', 'finalizers').includes('foregroundDeletion')

const removeWhole = (store: Store, resource: Resource, object: JsonObject): void => {
  const finalizers = listAt(object, 'metadata', 'finalizers')
  if (finalizers.length === 0) store.remove(resource, object)
  else store.put(resource, withValue(object, ['metadata', 'deletionTimestamp'], new Date().toISOString()))
}

const releaseForeground = (store: Store, resource: Resource, object: JsonObject): void => {
  const { name, namespace } = {
    name: textAt(object, 'metadata', 'name'),
    namespace: textAt(object, 'metadata', 'namespace'),
  }
  const now = store.get(resource, namespace, name)
  if (now === undefined || !isForeground(now)) return
  const left = listAt(now, 'metadata', 'finalizers').filter((finalizer) => finalizer !== 'foregroundDeletion')
  const metadata = {
    ...without(objectAt(now, 'metadata'), 'finalizers'),
    ...(left.length === 0 ? {} : { finalizers: left }),
  }
  if (left.length === 0) store.remove(resource, { ...now, metadata })
  else store.put(resource, { ...now, metadata })
}

const emptyNamespace = (store: Store, catalogue: Catalogue, namespace: JsonObject): void => {
  const name = textAt(namespace, 'metadata', 'name')
  const namespaces = catalogue.own('', 'namespaces')
  if (store.get(namespaces, '', name) === undefined) return
  for (const resource of catalogue.all().filter(({ isNamespaced }) => isNamespaced)) {
    for (const object of store.all(resource)) {
      if (textAt(object, 'metadata', 'namespace') === name) removeWhole(store, resource, object)
    }
  }
  store.remove(namespaces, namespace)
}
