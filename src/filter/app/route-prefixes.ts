/**
 * What the paths of an App's routes begin with, up to their first parameter. Most of what an App has no route for shows by
 * this, and need not be put before its router.
 */
export class RoutePrefixes {
  #prefixes: readonly string[] = []

  /** Adds that of a route: `/orders/:id`. */
  add(url: string): void {
    const [fixed = ''] = url.split(/[:*]/, 1)
    // A parameter behind it may be optional, and its slash with it.
    const prefix = fixed.replace(/\/$/, '')
    if (this.#prefixes.some((known) => prefix.startsWith(known))) return
    this.#prefixes = [...this.#prefixes.filter((known) => !known.startsWith(prefix)), prefix]
  }

  /** Whether any route may be meant; the router decodes paths before it compares them. */
  mayMatch(path: string): boolean {
    for (const prefix of this.#prefixes) if (path.startsWith(prefix)) return true
    return path.includes('%')
  }
}
