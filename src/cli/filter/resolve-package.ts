/**
 * Loaded with `--import` before tests of filters: `fairway/filter` is the contract of this very program, wherever the
 * tests stand, as it is for filters in a waypoint.
 */
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) =>
    /^fairway(?:\/|$)/.test(specifier)
      ? next(specifier, { ...context, parentURL: import.meta.url })
      : next(specifier, context),
})
