/** A flag of a verb as data: `parseArguments` reads it, `--help`, the reference and completion print it. */
export interface FlagSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  readonly default?: string
  /**
   * Name of the value in the help. Completion goes by it, too: `PATH` and `FILE` are files, `DIR` folders, `NAMESPACE`,
   * `CONTEXT` and `NS/NAME` what a cluster has, `json|text` the words themselves.
   */
  readonly value?: string
  /** The values there are, where `value` does not list them. */
  readonly choices?: readonly string[]
  readonly help: string
}

/** The flags of a verb, by name without the hyphens. */
export type FlagTable = Readonly<Record<string, FlagSpec>>
