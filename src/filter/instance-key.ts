import type { FilterSpec } from '../model/filter-spec.ts'

/** What makes two specs one instance: kind, origin, configuration however it is written, and whose version of what it is. */
export const instanceKey = ({ kind, origin, config, user }: FilterSpec): string =>
  `${kind}\n${origin}\n${canonicalJson(config)}${user === undefined ? '' : canonicalJson(user)}`

/** JSON with the keys of each object in order, so that the same configuration written differently is the same text. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
