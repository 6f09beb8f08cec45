import { createRequire } from 'node:module'
import { isPlainObject } from '../../lib/schema.ts'
import type { defineApp } from '../app/define-app.ts'
import type { AppPlugin } from '../app/build-app.ts'
import type { FilterDefinition, Schema } from '../index.ts'
import { describe, refuseExport, type Source } from './check-definition.ts'

/** Loads what stands elsewhere in this folder, in the form that this file itself is in. */
const load = createRequire(import.meta.url)
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

/** What the module of an App exports as a definition; throws what is wrong with it. Loads Fastify. */
export const loadApp = (exported: unknown, code: Source): FilterDefinition => {
  const { default: plugin, config }: Readonly<Record<string, unknown>> = isPlainObject(exported) ? exported : {}
  if (typeof plugin !== 'function') {
    const found = plugin === undefined ? 'nothing' : describe(plugin)
    return refuseExport(
      `wrong default export: found ${found}, expected a plugin of Fastify: export default async (fastify, options) => { … }`,
      code,
    )
  }
  if (config !== undefined && !isSchema(config))
    return refuseExport(`wrong export config: found ${describe(config)}, expected a schema of fairway/filter`, code)
  const module = load(`../app/define-app${extension}`) as { readonly defineApp: typeof defineApp }
  // What the function takes is for Fastify to find out, in the trial.
  return module.defineApp({ plugin: plugin as AppPlugin, config })
}

const isSchema = (value: unknown): value is Schema<unknown> =>
  isPlainObject(value) && typeof value['decode'] === 'function'
