/** V8's collector (`--expose-gc`, see src/bootstrap.mjs), as it was before it was hidden. */
export const collector: NodeJS.GCFunction | undefined = globalThis.gc

/**
 * Collects everything and gives back what is free, the young generation's 8 MB as well: V8 does that when something is
 * allocated, and at rest nothing is for hours. Stops the thread for 50 ms and more.
 */
export const collectAll = (): void => {
  collector?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** Leaves it to those that import it from here: whoever can call it can stop all traffic. */
export const hideCollector = (): void => {
  // V8 defines it so that it cannot be deleted.
  Reflect.set(globalThis, 'gc', undefined)
}
