import type { Decoded, Issue } from '../../../lib/decoded.ts'

/** Something that keeps a rule from being carried out as written, with Gateway API's reason for it. */
export interface Defect extends Issue {
  readonly reason: 'UnsupportedValue' | 'IncompatibleFilters'
}

/** Issues of a decoder as defects: unknown fields and values alike are what Gateway API calls UnsupportedValue. */
export const asDefects = (issues: readonly Issue[]): readonly Defect[] =>
  issues.map((issue) => ({ ...issue, reason: 'UnsupportedValue' }))

/** The value, or `undefined` with its issues added to `defects`. */
export const take = <T>(decoded: Decoded<T>, defects: Defect[]): T | undefined => {
  if (decoded.ok) return decoded.value
  defects.push(...asDefects(decoded.issues))
  return undefined
}

/** The items of a list that may be missing; anything but a list is a defect. */
export const itemsOf = (value: unknown, path: string, defects: Defect[]): readonly unknown[] => {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  defects.push({ reason: 'UnsupportedValue', message: 'wrong value', path, found: typeof value, expected: 'an array' })
  return []
}
