import { coolList, createCooling } from '../../lib/memory/cold.ts'
import type { Condition } from '../../model/condition.ts'
import type { EndpointSet } from '../../model/endpoint.ts'
import type { Model } from '../../model/model.ts'
import type { Route } from '../../model/route.ts'

/** What there are thousands of in a translation. */
export interface Coolable {
  readonly model: Model
  readonly conditions: readonly Condition[]
}

/**
 * Makes what keeps translations in little memory: of all that was translated only what changes is looked at again, to see
 * what became of it.
 */
export const createTranslationCooling = (): (<T extends Coolable>(translation: T) => T) => {
  const routes = createCooling<Route>({
    key: true,
    kind: true,
    namespace: true,
    name: true,
    createdAtMs: true,
    rules: true,
  })
  const endpoints = createCooling<EndpointSet>({
    key: true,
    endpoints: true,
    protocol: true,
    tls: true,
    closed: true,
    policy: true,
    aside: true,
  })
  const conditions = createCooling<Condition>({
    object: true,
    parent: true,
    parentRef: true,
    type: true,
    status: true,
    reason: true,
    message: true,
    observedGeneration: true,
    position: true,
    endsAtMs: true,
  })
  return (translation) => {
    const { model } = translation
    return {
      ...translation,
      model: { ...model, routes: coolList(model.routes, routes), endpoints: coolList(model.endpoints, endpoints) },
      conditions: coolList(translation.conditions, conditions),
    }
  }
}
