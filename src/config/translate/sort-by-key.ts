/** The order of everything in a model that has a key. */
export const sortByKey = <T extends { readonly key: string }>(items: readonly T[]): readonly T[] =>
  items.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
