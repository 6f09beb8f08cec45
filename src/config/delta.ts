/**
 * Carries updates between threads and processes cheaply: only what changed is sent, and what did not change comes out on
 * the other side as the very same objects, so that `compile` sees at a glance what it may keep.
 */
import type { Issue } from '../lib/decoded.ts'
import { isEqual } from '../lib/is-equal.ts'
import { applyEdits, findEdits, type Edit } from '../lib/lists/edits.ts'
import type { Condition } from '../model/condition.ts'
import type { FilterModule } from '../model/filter-spec.ts'
import type { Model } from '../model/model.ts'
import type { ConfigUpdate } from './update.ts'

type ListName = 'services' | 'routes' | 'endpoints' | 'pods' | 'authentications' | 'authorizations' | 'filterModules'

/** The difference between two models; the first of a writer is a difference from nothing. */
export interface ModelDelta {
  readonly isFirst: boolean
  readonly head: Omit<Model, ListName | 'telemetry'>
  readonly services: readonly Edit<Model['services'][number]>[]
  readonly routes: readonly Edit<Model['routes'][number]>[]
  readonly endpoints: readonly Edit<Model['endpoints'][number]>[]
  readonly pods: readonly Edit<Model['pods'][number]>[]
  readonly authentications: readonly Edit<Model['authentications'][number]>[]
  readonly authorizations: readonly Edit<Model['authorizations'][number]>[]
  /** Absent: there are none. */
  readonly filterModules?: readonly Edit<FilterModule>[]
  /** Absent: as before; `null`: none. */
  readonly telemetry?: Model['telemetry'] | null
}

/** The difference between two updates. */
export interface ConfigDelta {
  readonly model: ModelDelta
  readonly conditions: readonly Edit<Condition>[]
  /** Absent: as before. */
  readonly issues?: readonly Issue[]
  /** Absent: as before. */
  readonly objectIssues?: readonly Issue[]
  /** Absent: as before. */
  readonly notes?: readonly string[]
  readonly objects: number
}

/** Makes the sending side for models. */
export const createModelWriter = (): ((model: Model) => ModelDelta) => {
  let before: Model | undefined
  return (model) => {
    const { services, routes, endpoints, pods, authentications, authorizations, filterModules, ...rest } = model
    const { telemetry, ...head } = rest
    const delta = {
      isFirst: before === undefined,
      head,
      services: findEdits(before?.services ?? [], services, keyOf),
      routes: findEdits(before?.routes ?? [], routes, keyOf),
      endpoints: findEdits(before?.endpoints ?? [], endpoints, keyOf),
      pods: findEdits(before?.pods ?? [], pods, keyOf),
      authentications: findEdits(before?.authentications ?? [], authentications, keyOf),
      authorizations: findEdits(before?.authorizations ?? [], authorizations, keyOf),
      ...(filterModules === undefined
        ? {}
        : { filterModules: findEdits(before?.filterModules ?? [], filterModules, digestOf) }),
      ...(isEqual(before?.telemetry, telemetry) ? {} : { telemetry: telemetry ?? null }),
    }
    before = model
    return delta
  }
}

/** Makes the receiving side for models; it keeps what it is given. */
export const createModelReader = (): ((delta: ModelDelta) => Model) => {
  let before: Pick<Model, ListName | 'telemetry'> | undefined
  return (delta) => {
    const { isFirst, head, services, routes, endpoints, pods, authentications, authorizations, filterModules } = delta
    // A writer that begins anew knows nothing of what its predecessor sent.
    const known = isFirst || before === undefined ? nothing : before
    const telemetry = delta.telemetry === undefined ? known.telemetry : (delta.telemetry ?? undefined)
    before = {
      services: applyEdits(known.services, services),
      routes: applyEdits(known.routes, routes),
      endpoints: applyEdits(known.endpoints, endpoints),
      pods: applyEdits(known.pods, pods),
      authentications: applyEdits(known.authentications, authentications),
      authorizations: applyEdits(known.authorizations, authorizations),
      ...(filterModules === undefined ? {} : { filterModules: applyEdits(known.filterModules ?? [], filterModules) }),
      ...(telemetry === undefined ? {} : { telemetry }),
    }
    // One that is undefined did not travel.
    return { ...head, gateway: head.gateway, ...before }
  }
}

/** Makes the sending side for updates. */
export const createDeltaWriter = (): ((update: Omit<ConfigUpdate, 'generation'>) => ConfigDelta) => {
  const write = createModelWriter()
  let before: Pick<ConfigUpdate, 'conditions' | 'issues' | 'objectIssues' | 'notes'> | undefined
  return ({ model, conditions, issues, objectIssues, notes, objects }) => {
    const delta = {
      model: write(model),
      conditions: findEdits(before?.conditions ?? [], conditions, keyOfCondition),
      ...(isEqual(before?.issues, issues) ? {} : { issues }),
      ...(isEqual(before?.objectIssues, objectIssues) ? {} : { objectIssues }),
      ...(isEqual(before?.notes, notes) ? {} : { notes }),
      objects,
    }
    before = { conditions, issues, objectIssues, notes }
    return delta
  }
}

/** Makes the receiving side for updates; it numbers them from 1, whoever sends them. */
export const createDeltaReader = (): ((delta: ConfigDelta) => ConfigUpdate) => {
  const read = createModelReader()
  let generation = 0
  let conditions: readonly Condition[] = []
  let issues: readonly Issue[] = []
  let objectIssues: readonly Issue[] = []
  let notes: readonly string[] = []
  return (delta) => {
    conditions = applyEdits(delta.model.isFirst ? [] : conditions, delta.conditions)
    issues = delta.issues ?? issues
    objectIssues = delta.objectIssues ?? objectIssues
    notes = delta.notes ?? notes
    generation++
    return { generation, model: read(delta.model), conditions, issues, objectIssues, notes, objects: delta.objects }
  }
}

const nothing: Pick<Model, ListName | 'telemetry'> = {
  services: [],
  routes: [],
  endpoints: [],
  pods: [],
  authentications: [],
  authorizations: [],
}

const digestOf = ({ digest }: FilterModule): string => digest

const keyOf = ({ key }: { readonly key: string }): string => key

/** In the order in which `translate` gives them. */
const keyOfCondition = ({ object, parent, type }: Condition): string =>
  [object.kind, object.namespace, object.name, parent ?? '', type].join('\n')
