import type { RequestStart } from './message.ts'

/** Of a head that is refused: enough to tell whose it is. */
export const START_BYTES = 2048
const MAX_TARGET = 1024

/** A method of up to 32 characters, whatever its case, and what is visible behind it. */
const START = new RegExp(`^([!#$%&'*+\\-.^_\`|~0-9A-Za-z]{1,32}) ([!-~]{0,${MAX_TARGET}})`)

const noStart: RequestStart = { method: '', target: '' }

/**
 * What can be told of a request that is refused, from the text that it began with. For people only: nobody may act on it,
 * for it was refused because it can be understood in different ways.
 */
export const readRequestStart = (text: string): RequestStart => {
  const found = START.exec(text)
  return found === null ? noStart : { method: found[1] ?? '', target: found[2] ?? '' }
}
