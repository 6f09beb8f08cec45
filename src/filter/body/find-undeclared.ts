import type { BodyUse, Filter } from '../index.ts'

/** What is wrong with a filter that would change bodies which its definition says nothing of; it would never be asked. */
export const findUndeclared = (filter: Filter, body: BodyUse | undefined): string | undefined => {
  for (const [side, hook] of [
    ['request', 'transformRequest'],
    ['response', 'transformResponse'],
  ] as const) {
    if (filter[hook] === undefined || body?.[side] !== undefined) continue
    return `create returned a filter with ${hook}, and its definition has no body.${side}: expected 'stream', 'buffer' or 'watch'`
  }
  return undefined
}
