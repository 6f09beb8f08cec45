/** Paths of fields as people write them: `spec.rules[0].name`, `metadata.labels["istio.io/use-waypoint"]`. */

/** Appends a field to a path; a name that is no word goes into brackets and quotes. */
export const joinPath = (path: string, name: string): string => {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`
  return path === '' ? name : `${path}.${name}`
}

/** The keys and indexes of a path, outermost first; the inverse of `joinPath`. What is no path gives what could be read of it. */
export const splitPath = (path: string): readonly (string | number)[] =>
  [...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([\w$]+)/g)].map(([, index, quoted, word]) => {
    if (index !== undefined) return Number(index)
    return quoted === undefined ? (word ?? '') : unquote(quoted)
  })

const unquote = (quoted: string): string => {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted.slice(1, -1)
  }
}
