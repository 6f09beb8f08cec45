import type { Output, Terminal } from '../../src/cli/verb.ts'

/** A terminal that remembers what was printed, and lets a test send signals. */
export interface RecordedTerminal extends Terminal {
  readonly stdout: () => string
  readonly stderr: () => string
  readonly signal: (signal: 'SIGINT' | 'SIGTERM') => void
}

export interface TerminalOptions {
  readonly cwd?: string
  readonly isTty?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** What comes on standard input. */
  readonly input?: string
  /** What somebody answers, one after the other; none: nobody sits there. */
  readonly answers?: readonly string[]
}

export const createTerminal = (options: TerminalOptions = {}): RecordedTerminal => {
  const { cwd = '/nowhere', isTty = false, env = {}, input = '', answers = [] } = options
  const pending = [...answers]
  const out: Buffer[] = []
  const err: Buffer[] = []
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  return {
    out: recordTo(out, isTty),
    err: recordTo(err, isTty),
    log: (line) => void err.push(Buffer.from(line)),
    input: async () => input,
    env,
    cwd,
    ask: (question) => {
      const answer = pending.shift()
      if (answer !== undefined) err.push(Buffer.from(question))
      return Promise.resolve(answer)
    },
    onSignal: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
    signal: (signal) => {
      for (const listener of listeners) listener(signal)
    },
  }
}

const recordTo = (pieces: Buffer[], isTty: boolean): Output => ({
  write: (text) => void pieces.push(Buffer.from(text)),
  whenDrained: () => undefined,
  isTty,
  columns: () => 100,
  rows: () => 40,
})
