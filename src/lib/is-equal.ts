/**
 * Whether two JSON values are equal; the same object is, at once. A property that is `undefined` on one side and absent
 * on the other counts as a difference.
 */
export const isEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && isEqualArray(a, b)
  return !Array.isArray(b) && isEqualRecord(a, b)
}

const isEqualArray = (a: readonly unknown[], b: readonly unknown[]): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!isEqual(a[i], b[i])) return false
  return true
}

const isEqualRecord = (a: object, b: object): boolean => {
  // Widening only: any object can be read by any key, and what comes out is unknown.
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  let surplus = 0
  // `for in` walks the shape without allocating a list of keys, and leaves are compared without a call: a configuration
  // that is read anew is compared as a whole.
  for (const key in left) {
    const value = left[key]
    if (value !== right[key] && !isEqual(value, right[key])) return false
    surplus--
  }
  for (const _ in right) surplus++
  return surplus === 0
}
