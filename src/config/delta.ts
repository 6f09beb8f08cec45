/**
 * Carries updates between threads cheaply: only what changed is sent, and what did not change comes out on the other
 * side as the very same objects, so that `compile` sees at a glance what it may keep.
 */
import type { Issue } from '../lib/decoded.ts'
import type { Condition } from '../model/condition.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import type { Route } from '../model/route.ts'
import type { Service } from '../model/service.ts'
import type { ConfigUpdate } from './update.ts'

/** The difference between two updates; the first of a writer is a difference from nothing. */
export interface ConfigDelta {
  readonly head: Pick<Model, 'gateway' | 'trafficType' | 'pathNormalization'>
  readonly services: ListDelta<Service>
  readonly routes: ListDelta<Route>
  readonly endpoints: ListDelta<EndpointSet>
  /** Absent: as before. */
  readonly conditions?: readonly Condition[]
  /** Absent: as before. */
  readonly issues?: readonly Issue[]
  /** Absent: as before. */
  readonly objectIssues?: readonly Issue[]
  readonly objects: number
}

export interface ListDelta<T> {
  /** All keys in order; absent: as before. */
  readonly keys?: readonly string[]
  readonly changed: readonly T[]
}

interface Keyed {
  readonly key: string
}

/** Makes the sending side. */
export const createDeltaWriter = (): ((update: Omit<ConfigUpdate, 'generation'>) => ConfigDelta) => {
  const services = createListWriter<Service>()
  const routes = createListWriter<Route>()
  const endpoints = createListWriter<EndpointSet>()
  const hasNewConditions = createChangeTest()
  const hasNewIssues = createChangeTest()
  const hasNewObjectIssues = createChangeTest()
  return ({ model, conditions, issues, objectIssues, objects }) => {
    const { gateway, trafficType, pathNormalization } = model
    return {
      head: { gateway, trafficType, pathNormalization },
      services: services(model.services),
      routes: routes(model.routes),
      endpoints: endpoints(model.endpoints),
      ...(hasNewConditions(conditions) ? { conditions } : {}),
      ...(hasNewIssues(issues) ? { issues } : {}),
      ...(hasNewObjectIssues(objectIssues) ? { objectIssues } : {}),
      objects,
    }
  }
}

const createChangeTest = (): ((value: unknown) => boolean) => {
  let last: string | undefined
  return (value) => {
    const text = JSON.stringify(value)
    const isNew = text !== last
    last = text
    return isNew
  }
}

const createListWriter = <T extends Keyed>(): ((items: readonly T[]) => ListDelta<T>) => {
  let known: ReadonlyMap<string, string> = new Map()
  let lastKeys: string | undefined
  return (items) => {
    const current = new Map(items.map((item) => [item.key, JSON.stringify(item)]))
    const changed = items.filter((item) => current.get(item.key) !== known.get(item.key))
    known = current
    const keys = items.map((item) => item.key)
    const joined = keys.join('\n')
    const isSame = joined === lastKeys
    lastKeys = joined
    return isSame ? { changed } : { keys, changed }
  }
}

/** Makes the receiving side; it numbers the updates from 1, whoever sends them. */
export const createDeltaReader = (): ((delta: ConfigDelta) => ConfigUpdate) => {
  let generation = 0
  let services: readonly Service[] = []
  let routes: readonly Route[] = []
  let endpoints: readonly EndpointSet[] = []
  let conditions: readonly Condition[] = []
  let issues: readonly Issue[] = []
  let objectIssues: readonly Issue[] = []
  return (delta) => {
    // A writer that begins anew knows nothing of what its predecessor sent; its first delta is complete.
    services = applyList(services, delta.services)
    routes = applyList(routes, delta.routes)
    endpoints = applyList(endpoints, delta.endpoints)
    conditions = delta.conditions ?? conditions
    issues = delta.issues ?? issues
    objectIssues = delta.objectIssues ?? objectIssues
    generation++
    const model: Model = { ...delta.head, services, routes, endpoints }
    return { generation, model, conditions, issues, objectIssues, objects: delta.objects }
  }
}

const applyList = <T extends Keyed>(before: readonly T[], { keys, changed }: ListDelta<T>): readonly T[] => {
  if (keys === undefined && changed.length === 0) return before
  const items = new Map([...before, ...changed].map((item) => [item.key, item]))
  return (keys ?? before.map((item) => item.key)).flatMap((key) => items.get(key) ?? [])
}
