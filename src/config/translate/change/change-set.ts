import { findChange } from '../../../lib/lists/find-change.ts'
import type { SourcedObject } from '../options.ts'
import { changePlaces, placeKinds } from './change-places.ts'
import { changeRoutes, type Translated } from './change-routes.ts'

/**
 * Translates a set that differs from the one before only in what changes all the time: routes, and where endpoints are.
 * What has nothing to do with that stays what it is. `undefined` when there is more to do.
 */
export const changeSet = (before: Translated, objects: readonly SourcedObject[]): Translated | undefined => {
  const { gone, come } = findChange(before.objects, objects)
  const [placesGone, placesCome] = [gone.filter(isOfPlaces), come.filter(isOfPlaces)]
  if (placesGone.length === 0 && placesCome.length === 0) return changeRoutes(before, { gone, come }, objects)
  const { model, conditions } = before.translation
  const places = { gone: placesGone, come: placesCome }
  const changed = changePlaces({ endpoints: model.endpoints, conditions }, before.reaching, places)
  if (changed === undefined) return undefined
  const translation = {
    ...before.translation,
    model: { ...model, endpoints: changed.endpoints },
    conditions: changed.conditions,
  }
  const moved = { ...before, objects, translation, reaching: changed.reaching }
  if (gone.length === placesGone.length && come.length === placesCome.length) return moved
  const rest = {
    gone: gone.filter((object) => !isOfPlaces(object)),
    come: come.filter((object) => !isOfPlaces(object)),
  }
  return changeRoutes(moved, rest, objects)
}

const isOfPlaces = ({ read }: SourcedObject): boolean => placeKinds.has(read.ref?.kind ?? '')
