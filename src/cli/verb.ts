import type { ExitCode } from './exit-codes.ts'
import type { FlagTable } from './flag-table.ts'

/** A stream that a verb prints to. */
export interface Output {
  readonly write: (text: string | Uint8Array) => void
  /** When what was written is out; `undefined` when little is waiting and more may be written at once. */
  readonly whenDrained: () => Promise<void> | undefined
  readonly isTty: boolean
  /** Size of the terminal now; 80 by 24 when it is none. */
  readonly columns: () => number
  readonly rows: () => number
}

/** All of the outside that a verb may touch; tests pass their own. */
export interface Terminal {
  /** For data: what was asked for. */
  readonly out: Output
  /** For talk: progress, warnings, errors. */
  readonly err: Output
  /** Takes whole lines of a program that goes on, on stderr: those are lost that nobody reads, rather than waited for. */
  readonly log: (line: string) => void
  /** All that comes on standard input; for verbs that were asked for it, once. */
  readonly input: () => Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Asks whoever sits there, on stderr, and gives his line; `undefined` where nobody does, or he says no more. */
  readonly ask: (question: string) => Promise<string | undefined>
  /**
   * Calls `listener` for SIGINT and SIGTERM, which then no longer end the process, and with SIGTERM when its terminal is
   * closed; the result stops that.
   */
  readonly onSignal: (listener: (signal: 'SIGINT' | 'SIGTERM') => void) => () => void
}

/** One verb: `fairway NAME …`. */
export interface Verb {
  /** Whole text of `--help`, examples first. */
  readonly help: string
  /** The table that `run` parses by. To read it must load little: what carries traffic is imported within `run`. */
  readonly flags: FlagTable
  /**
   * What may stand beside the flags, as the help names it: `URL`, `PATH`. Completion goes by the names, as it does by
   * `value` of a flag; one with `…` at its end may come again. Default none.
   */
  readonly positionals?: readonly string[]
  /** `args` is what stands behind the verb. Throws `CliError` for what people can put right. */
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<ExitCode>
}

/** A verb in a list of verbs: one to run, or a group of further ones. */
export type VerbEntry = SingleVerb | VerbGroup

/** Its code is loaded when it is called. */
export interface SingleVerb {
  readonly name: string
  /** One line without a full stop. */
  readonly summary: string
  readonly load: () => Promise<Verb>
}

/** Verbs behind a verb: `fairway waypoint status`. */
export interface VerbGroup {
  readonly name: string
  readonly summary: string
  /** Lines for its help: a command and what it does. */
  readonly examples: readonly string[]
  readonly verbs: readonly VerbEntry[]
}

/** Ends the program with a message for people: what was tried, where, why, and in `next` what to do about it. */
export class CliError extends Error {
  readonly exitCode: ExitCode
  readonly next: string | undefined

  constructor(
    exitCode: ExitCode,
    message: string,
    options: { readonly next?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'CliError'
    this.exitCode = exitCode
    this.next = options.next
  }
}
