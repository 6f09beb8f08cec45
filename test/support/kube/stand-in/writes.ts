/** Everything that changes objects: create, update, patch, apply, delete, each for an object or its status. */
import { randomUUID } from 'node:crypto'
import { applyConfiguration, trackUpdate, type Writer } from './apply/managed-fields.ts'
import {
  alreadyExists,
  badRequest,
  changedMeanwhile,
  conflict,
  Failure,
  invalid,
  notFound,
  type Mistake,
  type Named,
} from './failure.ts'
import {
  isSameJson,
  listAt,
  mergeJson,
  objectAt,
  textAt,
  valueAt,
  without,
  withoutNulls,
  withValue,
  type Json,
  type JsonObject,
} from './json.ts'
import { apiVersionOf, type Resource } from './resources/resource.ts'
import type { Store } from './store.ts'

/** What a write is about. */
export interface Target {
  readonly resource: Resource
  readonly version: string
  /** Empty for what is not in a namespace. */
  readonly namespace: string
  /** Empty: to be found in the body, or to be made of `generateName`. */
  readonly name: string
  readonly subresource: string | undefined
  readonly manager: string
  readonly isDryRun: boolean
}

export interface DeleteOptions {
  readonly uid?: string
  readonly resourceVersion?: string
  /** Default `Background`. */
  readonly propagation?: string
}

/** What became of a write. */
export interface Written {
  readonly object: JsonObject
  readonly isNew: boolean
}

export class Writes {
  readonly #store: Store
  readonly #namespaces: Resource

  constructor(store: Store, namespaces: Resource) {
    this.#store = store
    this.#namespaces = namespaces
  }

  create(target: Target, body: JsonObject): Written {
    const named = this.#name(target, body)
    if (this.#get(named) !== undefined) throw alreadyExists(nameOf(named))
    return this.#write(named, undefined, (draft) => trackUpdate(undefined, draft, track(named, 'Update')), body)
  }

  update(target: Target, body: JsonObject): Written {
    const before = this.#get(target)
    if (before === undefined) throw notFound(nameOf(target))
    const name = textAt(body, 'metadata', 'name')
    if (name !== target.name) {
      throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`)
    }
    const version = textAt(body, 'metadata', 'resourceVersion')
    if (version === '' && target.resource.needsVersion) {
      throw invalid(nameOf(target), [
        {
          field: 'metadata.resourceVersion',
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 0: must be specified for an update',
        },
      ])
    }
    this.#checkVersion(target, before, body)
    return this.#write(target, before, (draft) => trackUpdate(before, draft, track(target, 'Update')), body)
  }

  patch(target: Target, change: JsonObject): Written {
    const before = this.#get(target)
    if (before === undefined) throw notFound(nameOf(target))
    this.#checkVersion(target, before, change)
    const wanted = objectAt({ wanted: mergeJson(before, change) }, 'wanted')
    return this.#write(target, before, (draft) => trackUpdate(before, draft, track(target, 'Update')), wanted)
  }

  apply(target: Target, config: JsonObject, force: boolean): Written {
    const named = this.#name(target, config)
    const before = this.#get(named)
    if (before === undefined && target.subresource !== undefined) throw notFound(nameOf(named))
    if (listAt(config, 'metadata', 'managedFields').length > 0) {
      throw badRequest('metadata.managedFields must be nil')
    }
    this.#checkVersion(named, before, config)
    const { writer, kind, now } = track(named, 'Apply')
    const wanted = target.subresource === undefined ? config : only(config, target.subresource)
    const merged = applyConfiguration(before, wanted, { writer, kind, now, force })
    return this.#write(named, before, (draft) => withOwners(draft, merged), merged)
  }

  /** Removes the object, or marks it when something holds it. */
  remove(target: Target, options: DeleteOptions = {}): { readonly object: JsonObject; readonly isGone: boolean } {
    const before = this.#get(target)
    if (before === undefined) throw notFound(nameOf(target))
    for (const [what, wanted] of [
      ['uid', options.uid],
      ['resourceVersion', options.resourceVersion],
    ] as const) {
      const found = textAt(before, 'metadata', what)
      if (wanted === undefined || wanted === found) continue
      const label = what === 'uid' ? 'UID' : 'ResourceVersion'
      throw conflict(
        nameOf(target),
        `the ${label} in the precondition (${wanted}) does not match the ${label} in record (${found}). The object might have been deleted and then recreated`,
      )
    }
    const held = options.propagation === 'Foreground' ? ['foregroundDeletion'] : []
    const finalizers = [...listAt(before, 'metadata', 'finalizers'), ...held]
    if (finalizers.length === 0 && target.resource.plural !== 'namespaces') {
      return { object: target.isDryRun ? before : this.#store.remove(target.resource, before), isGone: true }
    }
    if (textAt(before, 'metadata', 'deletionTimestamp') !== '') return { object: before, isGone: false }
    const marked = markDeleted(before, finalizers, target.resource)
    return { object: target.isDryRun ? marked : this.#store.put(target.resource, marked), isGone: false }
  }

  #get({ resource, namespace, name }: Target): JsonObject | undefined {
    return this.#store.get(resource, namespace, name)
  }

  /** The target with the name that the body gives. */
  #name(target: Target, body: JsonObject): Target {
    const { resource, namespace } = target
    checkHead(target, body)
    const prefix = textAt(body, 'metadata', 'generateName')
    const generated = prefix === '' ? '' : prefix + randomUUID().slice(-5)
    const name = target.name || textAt(body, 'metadata', 'name') || generated
    const named = { ...target, name }
    if (name === '') throw invalid(nameOf(named), [nameless])
    if (!/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/.test(name)) throw invalid(nameOf(named), [badName(name)])
    if (resource.isNamespaced && this.#get(named) === undefined) this.#checkNamespace(namespace, named)
    return named
  }

  #checkNamespace(namespace: string, target: Target): void {
    const found = this.#store.get(this.#namespaces, '', namespace)
    if (found === undefined) throw notFound({ group: '', plural: 'namespaces', name: namespace })
    if (textAt(found, 'status', 'phase') !== 'Terminating') return
    const { group, plural, name } = nameOf(target)
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`
    const what = `${group === '' ? plural : `${plural}.${group}`} "${name}" is forbidden`
    throw new Failure(403, 'Forbidden', `${what}: ${why}`, {
      name,
      group,
      kind: plural,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    })
  }

  #checkVersion(target: Target, before: JsonObject | undefined, body: JsonObject): void {
    const version = textAt(body, 'metadata', 'resourceVersion')
    if (version === '' || before === undefined) return
    if (version !== textAt(before, 'metadata', 'resourceVersion')) throw changedMeanwhile(nameOf(target))
    const uid = textAt(body, 'metadata', 'uid')
    const found = textAt(before, 'metadata', 'uid')
    if (uid === '' || uid === found) return
    throw conflict(nameOf(target), `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`)
  }

  /** Puts what is wanted in the place of what was, if it is another. */
  #write(
    target: Target,
    before: JsonObject | undefined,
    own: (draft: JsonObject) => JsonObject,
    wanted: JsonObject,
  ): Written {
    const { resource } = target
    const kept = keepWhatIsNotWritten(target, before, objectAt({ wanted: withoutNulls(wanted) }, 'wanted'))
    const completed = resource.complete(kept, before)
    const mistakes = resource.check(completed, before)
    if (mistakes.length > 0) throw invalid(nameOf(target), mistakes)
    const draft = own(completed)
    if (before !== undefined && isSameJson(withoutTimes(before), withoutTimes(draft))) {
      return { object: before, isNew: false }
    }
    const object = withGeneration(resource, before, draft)
    const isReleased =
      textAt(object, 'metadata', 'deletionTimestamp') !== '' && listAt(object, 'metadata', 'finalizers').length === 0
    if (target.isDryRun) return { object, isNew: before === undefined }
    if (isReleased && resource.plural !== 'namespaces')
      return { object: this.#store.remove(resource, object), isNew: false }
    return { object: this.#store.put(resource, object), isNew: before === undefined }
  }
}

const nameOf = ({ resource, name }: Target): Named => ({
  group: resource.group,
  plural: resource.plural,
  kind: resource.kind,
  name,
})

const nameless: Mistake = {
  field: 'metadata.name',
  reason: 'FieldValueRequired',
  message: 'Required value: name or generateName is required',
}

const badName = (name: string): Mistake => ({
  field: 'metadata.name',
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`,
})

const checkHead = ({ resource, version, namespace, name }: Target, body: JsonObject): void => {
  const apiVersion = apiVersionOf(resource.group, version)
  if (body['kind'] !== resource.kind || body['apiVersion'] !== apiVersion) {
    const found = `${textAt(body, 'apiVersion')}, Kind=${textAt(body, 'kind')}`
    throw badRequest(`the object provided is unrecognized: ${found} instead of ${apiVersion}, Kind=${resource.kind}`)
  }
  const said = textAt(body, 'metadata', 'namespace')
  if (said !== '' && said !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  }
  const saidName = textAt(body, 'metadata', 'name')
  if (name !== '' && saidName !== '' && saidName !== name) {
    throw badRequest(`the name of the object (${saidName}) does not match the name on the URL (${name})`)
  }
}

/** For whom and when fields are owned from now on. */
const track = ({ resource, version, manager, subresource }: Target, operation: Writer['operation']) => ({
  writer: {
    manager,
    operation,
    apiVersion: apiVersionOf(resource.group, version),
    ...(subresource === undefined ? {} : { subresource }),
  },
  kind: resource,
  now: timestamp(),
})

/** As Kubernetes writes times: to the second. */
export const timestamp = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z')

const only = (config: JsonObject, field: string): JsonObject => ({
  apiVersion: config['apiVersion'] ?? '',
  kind: config['kind'] ?? '',
  metadata: {},
  ...(config[field] === undefined ? {} : { [field]: config[field] }),
})

const withOwners = (object: JsonObject, owned: JsonObject): JsonObject =>
  withValue(object, ['metadata', 'managedFields'], valueAt(owned, 'metadata', 'managedFields'))

const givenByServer = [
  'uid',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'resourceVersion',
]

/** Identity stays as it was, and so does the status, or all else when the status is written. */
const keepWhatIsNotWritten = (target: Target, before: JsonObject | undefined, wanted: JsonObject): JsonObject => {
  const { resource, namespace, name, subresource, version } = target
  const head = { apiVersion: apiVersionOf(resource.group, version), kind: resource.kind }
  if (subresource !== undefined && before !== undefined) {
    const part = wanted[subresource]
    return { ...without(before, subresource), ...head, ...(part === undefined ? {} : { [subresource]: part }) }
  }
  const fresh = { uid: randomUUID(), creationTimestamp: timestamp() }
  const old = objectAt(before, 'metadata')
  const fixed =
    before === undefined
      ? fresh
      : Object.fromEntries(
          givenByServer.filter((field) => old[field] !== undefined).map((field) => [field, old[field] ?? '']),
        )
  const metadata = {
    ...without(objectAt(wanted, 'metadata'), ...givenByServer, 'selfLink'),
    name,
    ...(namespace === '' ? {} : { namespace }),
    ...fixed,
  }
  const rest = resource.hasStatus ? without(wanted, 'status') : wanted
  const status = resource.hasStatus ? before?.['status'] : undefined
  return { ...rest, ...head, metadata, ...(status === undefined ? {} : { status }) }
}

const withoutTimes = (object: JsonObject): JsonObject => {
  const owners = listAt(object, 'metadata', 'managedFields').map((entry): Json =>
    without(objectAt({ entry }, 'entry'), 'time'),
  )
  return { ...without(withValue(object, ['metadata', 'managedFields'], owners), 'apiVersion') }
}

const withGeneration = (resource: Resource, before: JsonObject | undefined, object: JsonObject): JsonObject => {
  if (!resource.hasGeneration) return object
  const wantedOf = (value: JsonObject): JsonObject =>
    without(value, 'metadata', 'apiVersion', ...(resource.hasStatus ? ['status'] : []))
  const old = Number(valueAt(before, 'metadata', 'generation') ?? 0)
  const isSame = before !== undefined && isSameJson(wantedOf(before), wantedOf(object))
  return withValue(object, ['metadata', 'generation'], isSame ? old : old + 1)
}

const markDeleted = (object: JsonObject, finalizers: readonly Json[], resource: Resource): JsonObject => {
  const generation = Number(valueAt(object, 'metadata', 'generation') ?? 0)
  const metadata = {
    ...objectAt(object, 'metadata'),
    deletionTimestamp: timestamp(),
    deletionGracePeriodSeconds: 0,
    ...(finalizers.length === 0 ? {} : { finalizers }),
    ...(resource.hasGeneration ? { generation: generation + 1 } : {}),
  }
  const isNamespace = resource.plural === 'namespaces' && resource.group === ''
  return { ...object, metadata, ...(isNamespace ? { status: { phase: 'Terminating' } } : {}) }
}
