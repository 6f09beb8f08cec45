import { HeaderList } from '../../http/header-list.ts'
import { thrownStack } from '../../lib/errors/thrown-text.ts'
import { HIDDEN, isSecretName } from '../../lib/secrets/hide-secrets.ts'

/** Shorter values (`1`, `no`) would take half of a stack trace with them, and guard nothing. */
const MIN_LENGTH = 4

/**
 * What a filter threw, as text with its stack and without the values of the message's own secret headers: filters quote
 * what they could not read (`cannot parse key ABC`), and no pattern would know such a value in a log.
 */
export const withoutSecrets = (error: unknown, lists: readonly (HeaderList | undefined)[]): string => {
  let text = thrownStack(error)
  for (const headers of lists) {
    // A filter in plain JavaScript may have put anything in their place.
    for (const [name, value] of headers instanceof HeaderList ? headers : []) {
      if (!isSecretName(name)) continue
      // `Bearer X` may be quoted as X, `a=X; b=Y` as Y.
      for (const part of [value, ...value.split(/[\s,;=]+/)]) {
        if (part.length >= MIN_LENGTH) text = text.replaceAll(part, HIDDEN)
      }
    }
  }
  return text
}
