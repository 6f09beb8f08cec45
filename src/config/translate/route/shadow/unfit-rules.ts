import type { Match } from '../../../../model/match.ts'
import type { PathNormalization } from '../../../../model/model.ts'
import type { RouteObject } from '../../catalog.ts'
import { whyNotNormal } from '../../security/possible-path.ts'

/** Rules of a route that no request fits, by their position, and why. */
export type UnfitRules = ReadonlyMap<number, string>

/**
 * Finds the rules whose paths no request has once its own is normalised (`/%61bc` is `/abc`): none of their matches. Only what
 * is written as a path is looked at; a rule one of whose spellings fits is one that somebody was careful with.
 */
export const findUnfit = ({ rules }: RouteObject, mode: PathNormalization): UnfitRules => {
  const unfit = new Map<number, string>()
  for (const [index, { matches }] of rules.entries()) {
    const reasons = matches.map(({ path }) => whyUnfit(path, mode))
    const [first] = reasons
    if (first !== undefined && !reasons.includes(undefined)) unfit.set(index, first)
  }
  return unfit
}

// What follows a prefix cannot make it a normal one: escapes and dot segments end where it does.
const whyUnfit = ({ type, value }: Match['path'], mode: PathNormalization): string | undefined => {
  if (type === 'RegularExpression' || !value.includes('%')) return undefined
  const why = whyNotNormal(value, mode)
  return why === undefined ? undefined : `no request has path ${JSON.stringify(value)}, ${why}`
}
