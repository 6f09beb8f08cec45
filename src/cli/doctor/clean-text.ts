import { escapeControl } from '../../lib/format-issue.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'

/** Longer than this no message is of use. */
const LONGEST = 2000

/** A text that quotes objects of a cluster: on one line, without control characters and known forms of secrets. */
export const cleanText = (text: string): string => {
  const clean = escapeControl(hideSecrets(text))
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean
}
