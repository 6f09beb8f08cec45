import type { Issue } from '../decoded.ts'
import { splitPath } from '../field-path.ts'
import { isPlainObject } from '../schema.ts'
import { hideSecrets, isSecretName } from './hide-secrets.ts'

/** As the schemas write it: a description, which messages show without quotes. */
const NOT_SHOWN = '(not shown)'

/**
 * An issue of `root` that may be printed: the value at fault is left out when its field is called a secret, or stands
 * beside a `name` that is (`{ name: Authorization, value: … }`); of other values what shows as a secret is hidden.
 */
export const hideFound = <T extends Issue>(issue: T, root: unknown): T => {
  const { found, message } = issue
  if (found === undefined) return issue
  // Of an unknown field the name is what was found.
  const isName = splitPath(issue.path ?? '').at(-1) === found
  if (!isName && isSecretPlace(issue.path ?? '', root)) {
    // Parsers of expressions quote what they stumbled over.
    return { ...issue, message: message.replace(/: `[^]*$/, ''), found: isDescription(found) ? found : NOT_SHOWN }
  }
  const shown = hideSecrets(found)
  return shown === found ? issue : { ...issue, message: hideSecrets(message), found: shown }
}

const isDescription = (found: string): boolean => /^(?:nothing|\d+ items?|\(not shown\))$/.test(found)

/** Under these people put what they like, by names of their own. */
const ownPlaces = new Set(['config', 'data', 'stringData', 'binaryData'])

const isSecretPlace = (path: string, root: unknown): boolean => {
  let node = root
  let isOwn = false
  for (const segment of splitPath(path)) {
    if (typeof segment === 'string') {
      isOwn ||= ownPlaces.has(segment)
      // In specifications a key is what something is told apart by: of a condition, a limit, a selector.
      if (isSecretName(segment) && (isOwn || segment !== 'key')) return true
    }
    const name = isPlainObject(node) ? node['name'] : undefined
    if (segment === 'value' && typeof name === 'string' && isSecretName(name)) return true
    node = isPlainObject(node) ? node[segment] : Array.isArray(node) ? node[Number(segment)] : undefined
  }
  return false
}
