import { isDeciding, type Stage } from '../../../filter/index.ts'
import type { Condition } from '../../../model/condition.ts'
import type { FilterSpec } from '../../../model/filter-spec.ts'
import type { Route, Rule } from '../../../model/route.ts'
import type { FilterObject } from '../../objects/filter/filter-object.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'

/**
 * What ResponseCaches are told of rules where they keep nothing, with their filters in place: those with a backend that has filters of
 * its own, which decide about each request behind the cache.
 */
export const guardedCaches = (
  filters: Iterable<Entry<FilterObject>>,
  routes: readonly Route[],
): readonly Condition[] => {
  const all = [...filters]
  const caches = all.filter(({ object }) => object.as === 'ResponseCache')
  if (caches.length === 0) return []
  const stages = new Map(
    all.flatMap(({ object: { as, content } }) => (content?.kind === 'built-in' ? [[as, content.stage] as const] : [])),
  )
  const guarded = routes.flatMap(({ rules }) =>
    rules.flatMap((rule) => {
      const guard = guardOf(rule, stages)
      return guard === undefined ? [] : [{ rule, guard }]
    }),
  )
  return caches.flatMap((entry) => {
    const { content, as } = entry.object
    if (content?.kind !== 'built-in') return []
    const isHere = ({ kind, config }: FilterSpec): boolean => kind === as && config === content.config
    const [first, ...more] = guarded.filter(({ rule }) => rule.filters.some(isHere))
    if (first === undefined) return []
    const others = more.length === 0 ? '' : `, and ${more.length} more`
    const { kind, origin } = first.guard
    const message = `nothing is kept where ${kind} decides behind the cache who may call (${origin}${others}): have it in the filters of the rule`
    const verdict = { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message } as const
    return [conditionOf({ object: { ...entry.object, kind: as }, source: entry.source }, verdict)]
  })
}

/** The first filter of a backend that may refuse a request. */
const guardOf = ({ backends }: Rule, stages: ReadonlyMap<string, Stage>): FilterSpec | undefined =>
  backends
    .flatMap((backend) => (backend.kind === 'service' ? backend.filters : []))
    .find(({ kind, user }) => user !== undefined || (!plain.has(kind) && isDeciding(stages.get(kind) ?? 'admit')))

/** Those that have no objects of their own, and change what they are shown. */
const plain: ReadonlySet<string> = new Set([
  ...['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'],
])
