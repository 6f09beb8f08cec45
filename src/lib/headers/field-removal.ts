/** Removes fields of unwanted names from a flat list, the first of which stands at `first`. */
export const removeFrom = (fields: string[], first: number, isUnwanted: (name: string) => boolean): void => {
  let kept = first
  for (let i = first; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    if (isUnwanted(name)) continue
    fields[kept++] = name
    fields[kept++] = fields[i + 1] ?? ''
  }
  fields.length = kept
}

/** A name as CGI, and whatever descends from it (WSGI, Rack, PHP), takes it: `_` is as good as `-`. */
export const hyphenated = (name: string): string => name.replaceAll('_', '-')
