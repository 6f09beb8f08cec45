/**
 * Loaded with `--import` before tests of filters: `fairway/filter` is the contract of this very program, wherever the
 * tests stand, as it is for filters in a waypoint; and what is TypeScript is a module there, whatever a package.json says.
 */
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) => {
    const found = /^fairway(?:\/|$)/.test(specifier)
      ? next(specifier, { ...context, parentURL: import.meta.url })
      : next(specifier, context)
    return found.format === 'commonjs-typescript' && !found.url.endsWith('.cts')
      ? { ...found, format: 'module-typescript' }
      : found
  },
})
