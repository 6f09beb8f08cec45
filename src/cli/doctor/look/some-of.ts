/** The first of many in words: `a, b and 3 more`. */
export const someOf = (items: readonly string[], shown = 3): string => {
  const more = items.length - shown
  return `${items.slice(0, shown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
