import type { Catalog } from '../catalog.ts'

/**
 * Makes what says whether a rule, or a backend of one, refers to a Filter (`KIND/NAMESPACE/NAME`) by an extensionRef. The routes are
 * gone through when somebody asks for the first time.
 */
export const findReferences = (routes: Catalog['routes']): ((key: string) => boolean) => {
  let known: ReadonlySet<string> | undefined
  return (key) => (known ??= referencesOf(routes)).has(key)
}

const referencesOf = (routes: Catalog['routes']): ReadonlySet<string> => {
  const found = new Set<string>()
  for (const { object } of routes) {
    const { metadata, rules } = object
    for (const { filters, backendRefs } of rules)
      for (const filter of [...filters, ...backendRefs.flatMap((ref) => ref.filters)])
        if (filter.kind === 'ExtensionRef') found.add(`${filter.of}/${metadata.namespace}/${filter.name}`)
  }
  return found
}
