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
    key: 'folded',
    kind: 'folded',
    namespace: 'folded',
    name: 'folded',
    createdAtMs: 'folded',
    rules: 'folded',
  })
  const endpoints = createCooling<EndpointSet>({
    key: 'folded',
    endpoints: 'folded',
    protocol: 'folded',
    tls: 'folded',
    closed: 'folded',
    policy: 'folded',
    aside: 'folded',
  })
  const conditions = createCooling<Condition>({
    object: 'folded',
    parent: 'folded',
    parentRef: 'folded',
    type: 'folded',
    status: 'folded',
    reason: 'folded',
    message: 'folded',
    observedGeneration: 'folded',
    position: 'folded',
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
