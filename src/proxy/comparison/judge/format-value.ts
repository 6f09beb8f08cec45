import { HIDDEN, hideSecrets, isSecretName } from '../../../lib/secrets/hide-secrets.ts'
import type { Difference } from './difference.ts'
import { escapeStep } from './json/path-patterns.ts'

/** Longer texts are cut. */
const MAX_LENGTH = 120
/** What begins to be a secret before the cut is known by as much of it. */
const MAX_SEARCHED = 2000

/** A value of an answer for people: short, and without what must not be seen. `undefined`: there is none. */
export const formatValue = (value: unknown, { steps }: Pick<Difference, 'steps'>): string | undefined => {
  if (value === undefined) return undefined
  if (steps.some(isSecretName)) return HIDDEN
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).length} fields`
  const text = typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
  return shorten(hideSecrets(text.slice(0, MAX_SEARCHED)))
}

/** Where in an answer it is: `status`, `header content-type`, `body /items/3/price`. */
export const formatPlace = ({ part, steps }: Pick<Difference, 'part' | 'steps'>): string => {
  if (steps.length === 0) return part
  const names = steps.map((step) => shorten(step))
  return shorten(hideSecrets(part === 'body' ? `body /${names.map(escapeStep).join('/')}` : `${part} ${names.join()}`))
}

/**
 * The beginning of a text, in memory of its own: to V8 a part of a text is a window on the whole, and a few of them would keep
 * whole bodies.
 */
export const shorten = (text: string, length = MAX_LENGTH): string =>
  text.length <= length ? text : Buffer.from(`${text.slice(0, length)}…`).toString()
