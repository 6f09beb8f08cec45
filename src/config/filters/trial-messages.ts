import type { ModuleFault } from '../../filter/module/module-fault.ts'
import type { FilterModule } from '../../model/filter-spec.ts'
import type { ModuleSource } from './read-module.ts'

/** What is to be tried of a module: one of its configurations. */
export interface TrialOrder {
  readonly key: string
  readonly config: unknown
}

/** What a trial thread is started with. */
export interface TrialData {
  readonly root: string
  readonly entry: string
  /** It should export a plugin of Fastify. */
  readonly isApp?: true
  readonly orders: readonly TrialOrder[]
}

/** What a trial thread is about to do. */
export type TrialStep = 'load' | 'create' | 'warmUp' | 'close'

/** What a module was found to be. */
export interface TriedModule {
  readonly module: FilterModule
  /** Of the definition. */
  readonly failureMode: 'open' | 'closed' | undefined
}

/** What is wrong with a filter: with its code, or with its configuration where there is a `path`. */
export interface TrialFault extends ModuleFault {
  /** `spec.config.header` */
  readonly path?: string
}

/** What a trial thread says. It begins when it is told to, by any message. */
export type TrialMessage =
  | { readonly kind: 'read'; readonly sources: readonly ModuleSource[] }
  /** `key` is missing for what concerns all configurations. */
  | {
      readonly kind: 'step'
      readonly step: TrialStep
      readonly key?: string
      readonly file: string
      readonly line?: number
    }
  | { readonly kind: 'loaded'; readonly tried: TriedModule }
  | { readonly kind: 'passed'; readonly key: string; readonly hooks: readonly string[] }
  | { readonly kind: 'failed'; readonly key?: string; readonly fault: TrialFault }
  | { readonly kind: 'done' }
