/** Paths into JSON: RFC 6901, and `*` for all that an object or a list has. */
import { isContainer } from './json-text.ts'

/** The steps of a path; `/a~1b/*` is `a/b` and all below it. */
export const stepsOf = (path: string): readonly string[] =>
  path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

/** Calls `act` with each object or list that a path ends in, and with the name of its end there. */
export const visit = (
  root: unknown,
  steps: readonly string[],
  act: (container: Record<string, unknown>, name: string) => void,
): void => {
  if (!isContainer(root)) return
  const [step = '', ...rest] = steps
  // From the end: what is taken out of a list does not move what comes after.
  const names = step === '*' ? Object.keys(root).toReversed() : has(root, step) ? [step] : []
  for (const name of names) {
    if (rest.length === 0) act(root, name)
    else visit(root[name], rest, act)
  }
}

/** Takes a field out of its object, or an item out of its list. */
export const removeAt = (container: Record<string, unknown>, name: string): void => {
  if (Array.isArray(container)) container.splice(Number(name), 1)
  else delete container[name]
}

/** Gives a field another name. */
export const renameAt = (container: Record<string, unknown>, name: string, to: string): void => {
  if (Array.isArray(container) || name === to) return
  const value = container[name]
  delete container[name]
  put(container, to, value)
}

/**
 * Puts a value at the end of a path, through objects that are made where they are missing; `-` is behind the end of a list.
 * False when something is in the way, or the root has no fields.
 */
export const setAt = (root: unknown, steps: readonly string[], value: unknown): boolean => {
  if (!isContainer(root)) return false
  const [step = '', ...rest] = steps
  if (step === '*') {
    const names = Object.keys(root)
    // Those of them that have fields; a list of texts and objects is none that is wrong.
    return names.every((name) => (rest.length > 0 && !isContainer(root[name])) || setNext(root, { name, rest, value }))
  }
  if (!Array.isArray(root)) return setNext(root, { name: step, rest, value })
  if (step === '-') return setNext(root, { name: String(root.length), rest, value })
  return has(root, step) && setNext(root, { name: step, rest, value })
}

const setNext = (
  container: Record<string, unknown>,
  { name, rest, value }: { readonly name: string; readonly rest: readonly string[]; readonly value: unknown },
): boolean => {
  if (rest.length === 0) {
    put(container, name, value)
    return true
  }
  const next = Object.hasOwn(container, name) ? container[name] : undefined
  if (next !== undefined && next !== null) return setAt(next, rest, value)
  const made: Record<string, unknown> = {}
  if (!setAt(made, rest, value)) return false
  put(container, name, made)
  return true
}

/** Lists have only what they count: not `length`, and `1` under no other name. */
const has = (container: Record<string, unknown>, name: string): boolean =>
  Object.hasOwn(container, name) && (!Array.isArray(container) || /^(?:0|[1-9]\d*)$/.test(name))

/** An assignment to `__proto__` would change what the object is. */
const put = (container: Record<string, unknown>, name: string, value: unknown): void => {
  if (name !== '__proto__') container[name] = value
  else Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true })
}
