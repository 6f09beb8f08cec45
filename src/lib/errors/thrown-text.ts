/** Longer texts are cut: what is thrown may quote a whole body, and goes into logs and conditions. */
const MAX_CHARS = 4000

/**
 * The message of what was thrown, at most 4,000 characters. What users' code throws need not be an `Error`, and may throw
 * itself when it is looked at: then it says so. Never throws.
 */
export const thrownMessage = (thrown: unknown): string =>
  read(() => String(thrown instanceof Error ? thrown.message : thrown))

/** The same with the stack, where there is one. */
export const thrownStack = (thrown: unknown): string =>
  read(() => String(thrown instanceof Error ? (thrown.stack ?? thrown.message) : thrown))

/** Whether it is of a class; what cannot be asked is not. */
export const isThrown = <Type>(thrown: unknown, type: abstract new (...args: never[]) => Type): thrown is Type => {
  try {
    return thrown instanceof type
  } catch {
    return false
  }
}

const read = (toText: () => string): string => {
  try {
    const text = toText()
    return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text
  } catch {
    return 'something that cannot be read'
  }
}
