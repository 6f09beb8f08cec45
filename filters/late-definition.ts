import { createRequire } from 'node:module'
import type { BodyUse, Filter, FilterDefinition, FilterEnv, Schema, Stage } from 'fairway/filter'

/** Loads what stands beside this file, in the form that this file itself is in. */
const load = createRequire(import.meta.url)
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

/**
 * The definition of a built-in filter, whose code is loaded when the first object of its kind is read: who uses none of a
 * kind has none of its code in memory. It is the default export of `KIND/KIND.ts`, in kebab-case.
 */
export class LateDefinition implements FilterDefinition {
  readonly kind: string
  #loaded: FilterDefinition | undefined

  constructor(kind: string) {
    this.kind = kind
  }

  get stage(): Stage {
    return this.#definition.stage
  }

  get config(): Schema<unknown> {
    return this.#definition.config
  }

  get body(): BodyUse | undefined {
    return this.#definition.body
  }

  create(config: unknown, env: FilterEnv): Filter {
    return this.#definition.create(config, env)
  }

  get #definition(): FilterDefinition {
    if (this.#loaded !== undefined) return this.#loaded
    const name = this.kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
    // Every folder of a filter has it so; the test of built-in filters loads them all.
    const module = load(`./${name}/${name}${extension}`) as { readonly default: FilterDefinition }
    return (this.#loaded = module.default)
  }
}
