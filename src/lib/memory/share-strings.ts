/**
 * Makes equal texts in JSON values that just arrived from another thread one text: what is copied between threads has
 * each of them anew, `HTTPRoute` 20,000 times. Changes the values in place, so they must be nobody else's yet.
 */
export const shareStrings = (value: unknown): void => share(value, new Map())

const share = (value: unknown, known: Map<string, string>): void => {
  if (typeof value !== 'object' || value === null) return
  // Widening only: any object can be read by any key.
  const fields = value as Record<string, unknown>
  for (const key in fields) {
    const part = fields[key]
    if (typeof part !== 'string') {
      share(part, known)
      continue
    }
    const same = known.get(part)
    if (same === undefined) known.set(part, part)
    else fields[key] = same
  }
}
