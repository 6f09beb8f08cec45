/** Answers requests about objects: who may, what is found, what is written. No sockets here but those of watches. */
import type { ServerResponse } from 'node:http'
import { Access, forbidden, type Attempt, type User } from './access.ts'
import { Catalogue, inVersion } from './catalogue.ts'
import { badRequest, Failure, invalid, notFound, type Mistake } from './failure.ts'
import { collectGarbage } from './garbage.ts'
import { discover } from './http/discovery.ts'
import type { About, RequestInfo } from './http/request-info.ts'
import { Watches } from './http/watches.ts'
import { isObject, listAt, objectAt, textAt, without, withValue, type Json, type JsonObject } from './json.ts'
import { Lists, selector } from './reads.ts'
import { builtIns } from './resources/built-ins.ts'
import { apiVersionOf, type Resource } from './resources/resource.ts'
import { createAddresses, createDefinitions, foundNamespaces, type Definitions } from './seed.ts'
import { Store } from './store.ts'
import { timestamp, Writes, type Target } from './writes.ts'

/** A request with all that was read of it. */
export interface Call {
  readonly info: RequestInfo
  readonly user: User
  readonly body: Json | undefined
  readonly contentType: string
  readonly userAgent: string
}

export interface Answer {
  readonly code: number
  readonly body: JsonObject
}

export interface ApiOptions {
  /** Whether what nobody owns any more goes, as kube-controller-manager sees to it. */
  readonly collectsGarbage: boolean
  /** Makes a token of a service account. */
  readonly issueToken: (user: User) => string
}

export class Api {
  readonly store = new Store()
  readonly watches = new Watches(this.store)
  readonly catalogue: Catalogue
  readonly #access: Access
  readonly #lists = new Lists(this.store)
  readonly #writes: Writes
  readonly #definitions: Definitions
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    const addresses = createAddresses()
    this.catalogue = new Catalogue(builtIns(addresses))
    this.#access = new Access(this.store, this.catalogue)
    const namespaces = this.catalogue.own('', 'namespaces')
    this.#writes = new Writes(this.store, namespaces)
    this.#definitions = createDefinitions(this.store, this.catalogue, this.watches)
    this.#options = options
    foundNamespaces(this.store, namespaces)
    if (options.collectsGarbage) collectGarbage(this.store, this.catalogue)
  }

  /** The answer; `undefined` when a watch has taken the response over. Throws a `Failure`. */
  answer(call: Call, response: ServerResponse): Answer | undefined {
    const { info, user } = call
    const { about } = info
    if (about === undefined) return { code: 200, body: this.#answerPlain(info) }
    const resource = this.catalogue.find(about.group, about.plural)
    const isKnown = resource?.versions.includes(about.version) === true
    if (about.plural === 'selfsubjectaccessreviews') return this.#review(call)
    if (resource === undefined || !isKnown) throw this.#isOwnGroup(about.group) ? noResource : nowhere(info.path)
    this.#access.demand(user, attemptOf(info, about))
    switch (info.verb) {
      case 'get':
        return { code: 200, body: inVersion(this.#find(resource, about), resource, about.version) }
      case 'list':
        return { code: 200, body: this.#list(resource, about, info.query) }
      case 'watch':
        this.#watch(resource, { about, query: info.query, response })
        return undefined
      default:
        return this.#change(resource, about, call)
    }
  }

  /** Whether Kubernetes itself serves a group, which makes the answer another one. */
  #isOwnGroup(group: string): boolean {
    return this.catalogue.all().some((resource) => resource.group === group && !resource.isCustom)
  }

  #answerPlain({ path, method }: RequestInfo): JsonObject {
    if (method !== 'GET') throw nowhere(path)
    if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.0-stand-in', platform: 'linux/amd64' }
    if (['/healthz', '/livez', '/readyz'].includes(path)) return {}
    const found = discover(path, this.catalogue.all())
    if (found === undefined) throw nowhere(path)
    return found
  }

  #find(resource: Resource, { namespace, name }: About): JsonObject {
    const found = this.store.get(resource, namespace, name)
    if (found === undefined) throw notFound({ ...resource, name })
    return found
  }

  #list(resource: Resource, about: About, query: URLSearchParams): JsonObject {
    const labels = query.get('labelSelector') ?? ''
    const fields = query.get('fieldSelector') ?? ''
    const page = this.#lists.page({
      resource,
      select: selectorOf(resource, about, query),
      limit: Number(query.get('limit') ?? 0),
      token: query.get('continue') ?? '',
      isWhole: labels === '' && fields === '',
    })
    const metadata = {
      resourceVersion: String(page.revision),
      ...(page.next === undefined ? {} : { continue: page.next }),
      ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
    }
    const shown = page.items.map((item) => inVersion(item, resource, about.version))
    // Items of Kubernetes' own kinds do not say what they are: the list does.
    const items = resource.isCustom ? shown : shown.map((item) => without(item, 'kind', 'apiVersion'))
    return { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource.group, about.version), metadata, items }
  }

  #watch(
    resource: Resource,
    {
      about,
      query,
      response,
    }: { readonly about: About; readonly query: URLSearchParams; readonly response: ServerResponse },
  ): void {
    const version = query.get('resourceVersion') ?? ''
    const select = selectorOf(resource, about, query)
    this.watches.open(response, {
      resource,
      version: about.version,
      select,
      from: version === '' ? undefined : Number(version),
      wantsBookmarks: query.get('allowWatchBookmarks') === 'true',
      timeoutMs: Number(query.get('timeoutSeconds') ?? 3000) * 1000,
    })
  }

  #change(resource: Resource, about: About, call: Call): Answer {
    const target = targetOf(resource, about, call)
    const shown = (object: JsonObject): JsonObject => inVersion(object, resource, about.version)
    if (call.info.verb === 'deletecollection') return this.#deleteAll(resource, about, call)
    if (call.info.verb === 'delete') {
      const { object, isGone } = this.#writes.remove(target, deleteOptionsOf(call))
      this.#definitions.afterDelete(resource, object, isGone)
      return { code: 200, body: isGone ? success(resource, object) : shown(object) }
    }
    const body = requireObject(call.body)
    if (resource.plural === 'serviceaccounts' && about.subresource === 'token') return this.#token(about, body)
    if (about.subresource !== undefined && (about.subresource !== 'status' || !resource.hasStatus)) {
      throw nowhere(call.info.path)
    }
    if (resource.group === 'rbac.authorization.k8s.io')
      this.#access.checkEscalation(call.user, { kind: resource.kind, namespace: about.namespace }, body)
    const { object, isNew } = this.#write(call, target, body)
    this.#definitions.afterWrite(resource, object)
    return { code: isNew ? 201 : 200, body: shown(object) }
  }

  /** Whom a request counts as: somebody else, for whoever may impersonate him. */
  actAs(user: User, headers: NodeJS.Dict<string[]>): User {
    const [name] = headers['impersonate-user'] ?? []
    const groups = headers['impersonate-group'] ?? []
    if (name === undefined) return user
    const attempt = { verb: 'impersonate', group: '', namespace: '' }
    this.#access.demand(user, { ...attempt, resource: 'users', name })
    for (const group of groups) this.#access.demand(user, { ...attempt, resource: 'groups', name: group })
    return { name, groups: [...groups, 'system:authenticated'] }
  }

  #write({ info, contentType, user }: Call, target: Target, body: JsonObject) {
    if (info.verb === 'create') return this.#writes.create(target, body)
    if (info.verb === 'update') return this.#writes.update(target, body)
    if (contentType.startsWith('application/apply-patch+yaml')) {
      if (info.query.get('fieldManager') === null) {
        throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'PatchOptions', name: '' }, [noManager])
      }
      const isThere = this.store.get(target.resource, target.namespace, target.name) !== undefined
      const attempt = { ...target, group: target.resource.group, resource: target.resource.plural, verb: 'create' }
      if (!isThere) this.#access.demand(user, attempt)
      return this.#writes.apply(target, body, info.query.get('force') === 'true')
    }
    if (contentType.startsWith('application/merge-patch+json')) return this.#writes.patch(target, body)
    throw new Failure(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${contentType}`)
  }

  #deleteAll(resource: Resource, about: About, call: Call): Answer {
    const select = selectorOf(resource, about, call.info.query)
    for (const object of this.store.all(resource).filter(select)) {
      const name = textAt(object, 'metadata', 'name')
      const namespace = textAt(object, 'metadata', 'namespace')
      this.#writes.remove({ ...targetOf(resource, about, call), name, namespace }, deleteOptionsOf(call))
    }
    return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } }
  }

  #token({ namespace, name }: About, body: JsonObject): Answer {
    this.#find(this.catalogue.own('', 'serviceaccounts'), { ...noAbout, namespace, name })
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
    const token = this.#options.issueToken({ name: `system:serviceaccount:${namespace}:${name}`, groups })
    const status = { token, expirationTimestamp: timestamp() }
    return { code: 201, body: { ...body, kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', status } }
  }

  #review({ user, body }: Call): Answer {
    const wanted = objectAt(body, 'spec', 'resourceAttributes')
    const subresource = textAt(wanted, 'subresource')
    const allowed = this.#access.isAllowed(user, {
      verb: textAt(wanted, 'verb'),
      group: textAt(wanted, 'group'),
      resource: textAt(wanted, 'resource') + (subresource === '' ? '' : `/${subresource}`),
      namespace: textAt(wanted, 'namespace'),
      name: textAt(wanted, 'name'),
    })
    return { code: 201, body: withValue(requireObject(body), ['status'], { allowed }) }
  }
}

const noAbout: About = { group: '', version: 'v1', plural: '', namespace: '', name: '', subresource: undefined }

const noResource = new Failure(404, 'NotFound', 'the server could not find the requested resource')

/** What no path leads to; the API server says so in plain text. */
export const nowhere = (path: string): Failure => new Failure(404, 'NowhereFound', `404 page not found: ${path}`)

/** One name in a field selector counts as the name of the request. */
const attemptOf = ({ verb, query }: RequestInfo, { group, plural, subresource, namespace, name }: About): Attempt => ({
  verb,
  group,
  resource: subresource === undefined ? plural : `${plural}/${subresource}`,
  // A Namespace is taken to be in itself, so that a role there is enough to read it.
  namespace: group === '' && plural === 'namespaces' ? name : namespace,
  name: name || (/^metadata\.name==?([^,]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? ''),
})

/** What somebody without any rights is told. */
export const refuse = (user: User, info: RequestInfo): Failure =>
  forbidden(user, attemptOf(info, info.about ?? noAbout))

const noManager: Mistake = {
  field: 'fieldManager',
  reason: 'FieldValueRequired',
  message: 'Required value: is required for apply patch',
}

const requireObject = (body: Json | undefined): JsonObject => {
  if (!isObject(body)) throw badRequest('the object provided is unrecognized (must be of type JSON object)')
  return body
}

const selectorOf = (resource: Resource, { namespace, name }: About, query: URLSearchParams) => {
  const fields = query.get('fieldSelector') ?? ''
  const known = /^(metadata\.(name|namespace)(==|=|!=)[^,]*,?)*$/
  if (resource.isCustom && !known.test(fields)) throw badRequest(`field label not supported: ${fields}`)
  const byName = name === '' ? fields : `metadata.name=${name}${fields === '' ? '' : `,${fields}`}`
  return selector(namespace, query.get('labelSelector') ?? '', byName)
}

const targetOf = (resource: Resource, about: About, { info, userAgent, body }: Call): Target => ({
  resource,
  version: about.version,
  namespace: about.namespace,
  name: about.name,
  subresource: about.subresource,
  manager: info.query.get('fieldManager') ?? (userAgent.split('/')[0] || 'unknown'),
  // A DELETE says it in its options.
  isDryRun: info.query.get('dryRun') === 'All' || (info.verb === 'delete' && listAt(body, 'dryRun').includes('All')),
})

const deleteOptionsOf = ({ body, info }: Call) => {
  const uid = textAt(body, 'preconditions', 'uid')
  const resourceVersion = textAt(body, 'preconditions', 'resourceVersion')
  const propagation = info.query.get('propagationPolicy') ?? textAt(body, 'propagationPolicy')
  return {
    propagation,
    ...(uid === '' ? {} : { uid }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
  }
}

const success = ({ group, plural }: Resource, object: JsonObject): JsonObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: {
    name: textAt(object, 'metadata', 'name'),
    ...(group === '' ? {} : { group }),
    kind: plural,
    uid: textAt(object, 'metadata', 'uid'),
  },
})
