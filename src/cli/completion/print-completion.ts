/** `fairway __complete`: what the scripts of `fairway completion` and kubectl ask. */
import type { Terminal, VerbEntry } from '../verb.ts'
import { complete, directives, type FindNames } from './complete.ts'

/** The answer for the shell on stdout, with the names that the cluster of this terminal has. */
export const printCompletion = async (
  verbs: readonly VerbEntry[],
  args: readonly string[],
  terminal: Terminal,
): Promise<void> => {
  const findNames: FindNames = async (kind, { given }) => {
    const { findLiveNames } = await import('./live-names.ts')
    // Without a cluster there are no names, and whoever is typing has not asked why.
    return findLiveNames(kind, given, terminal).catch(() => [])
  }
  terminal.out.write(await complete(verbs, args, findNames).catch(() => `:${directives.error}\n`))
}
