import type { ListChange } from '../../../lib/lists/find-change.ts'
import type { Condition } from '../../../model/condition.ts'
import type { Model, ObjectRef } from '../../../model/model.ts'
import { createCatalog } from '../catalog.ts'
import type { Names } from '../entry/entry-hosts.ts'
import { compareRefs, sortConditions, unusableConditions } from '../conditions.ts'
import type { SourcedObject } from '../options.ts'
import type { FilterVersions } from '../filter/filter-version.ts'
import { attachRoutes, type Attached, type AttachScope } from '../route/attach-routes.ts'
import { translatePorts } from '../service/translate-services.ts'
import { sortByKey } from '../sort-by-key.ts'
import type { Reaching } from './change-places.ts'
import { findNeighbours, type Neighbourhood } from './neighbours.ts'
import type { Wants } from '../wants.ts'
import { replaceGroups } from './replace-groups.ts'

/** A translation, and what its routes were attached to: there again for the next set, as long as only routes change. */
export interface Translated {
  readonly objects: readonly SourcedObject[]
  readonly names: Names
  readonly versions: FilterVersions
  /** Whether there are Filters or MirrorComparisons: where those act is a matter of routes as well. */
  readonly hasAttachments: boolean
  readonly translation: {
    readonly model: Model
    readonly conditions: readonly Condition[]
    readonly names: readonly string[]
    readonly wants: Wants
  }
  readonly attaching: Omit<AttachScope, 'onBackend'>
  /** The ports (`NAMESPACE/NAME:PORT`) that a BackendTLSPolicy is about. */
  readonly tlsPorts: ReadonlyMap<string, unknown>
  /** Whether routes send to Services that are not bound, which have endpoints in the model for as long as routes do. */
  readonly sendsElsewhere: boolean
  readonly reaching: Reaching
  /** What is wanted by now: with each route that was looked at. */
  readonly wants: () => Wants
}

/**
 * Translates a set that differs only in routes from the one before: those alone that have to do with the routes that
 * changed are attached again, and the rest stays what it is. `undefined` when there is more to do than that.
 */
export const changeRoutes = (
  before: Translated,
  change: ListChange<SourcedObject>,
  objects: readonly SourcedObject[],
): Translated | undefined => {
  if (before.hasAttachments) return undefined
  const neighbours = findNeighbours(change, objects)
  if (neighbours === undefined) return undefined
  const now = attach(neighbours.after, before)
  const then = before.sendsElsewhere ? attach(neighbours.before, before).elsewhere : noKeys
  if (then.symmetricDifference(now.elsewhere).size > 0) return undefined
  const { model, conditions } = before.translation
  const refs = refsOf(neighbours)
  const translation = {
    ...before.translation,
    model: {
      ...model,
      services: changeServices(model.services, now.attached, { ...before, ...neighbours }),
      routes: replaceGroups(model.routes, {
        groups: refs.map(keyOf).toSorted(),
        items: sortByKey(now.attached.routes),
        compare: ({ key }, group) => (key < group ? -1 : key > group ? 1 : 0),
      }),
    },
    conditions: replaceGroups(conditions, {
      groups: refs,
      items: sortConditions([...unusableConditions(neighbours.after), ...now.attached.conditions]),
      compare: ({ object }, ref) => compareRefs(object, ref),
    }),
    wants: before.wants(),
  }
  return { ...before, objects, translation }
}

const noKeys: ReadonlySet<string> = new Set()

const attach = (
  objects: readonly SourcedObject[],
  { attaching }: Translated,
): { readonly attached: Attached; readonly elsewhere: ReadonlySet<string> } => {
  const elsewhere = new Set<string>()
  const attached = attachRoutes(createCatalog(objects), {
    ...attaching,
    onBackend: ({ metadata: { namespace, name } }, { port }) => {
      const service = `${namespace}/${name}`
      if (!attaching.bound.has(service)) elsewhere.add(`${service}:${port}`)
    },
  })
  return { attached, elsewhere }
}

const changeServices = (
  services: Model['services'],
  { attachments, setOf }: Attached,
  { services: changed, attaching, tlsPorts }: Translated & Neighbourhood,
): Model['services'] =>
  services.map((service) => {
    const entry = changed.has(service.key) ? attaching.bound.get(service.key) : undefined
    if (entry === undefined) return service
    return { ...service, ports: translatePorts(entry.object, { attachments, setOf, tlsPorts }) }
  })

/** As `routeKey` writes it. */
const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`

/** In the order of the conditions, each once. */
const refsOf = ({ before, after }: Neighbourhood): readonly ObjectRef[] => {
  const refs = [...before, ...after].flatMap(({ read: { ref } }) => (ref === undefined ? [] : [ref]))
  return [...new Map(refs.map((ref) => [keyOf(ref), ref])).values()].toSorted(compareRefs)
}
