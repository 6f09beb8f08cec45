/** `fairway completion SHELL`: prints what a shell reads to complete verbs, flags, their values and names in a cluster. */
import { formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { Terminal, Verb } from '../verb.ts'
import { scriptFor, shells } from './scripts.ts'

const flagTable = {} as const satisfies FlagTable

const help = `fairway completion: what a shell needs to complete fairway's command lines

Examples
  fairway completion bash > ~/.local/share/bash-completion/completions/fairway
  source <(fairway completion bash)                        in ~/.bashrc, where there is no such folder
  fairway completion zsh > "\${fpath[1]}/_fairway"          then a new shell
  fairway completion fish > ~/.config/fish/completions/fairway.fish

Usage
  fairway completion bash|zsh|fish

Verbs, flags and their values are completed, files and folders where they are meant, and names of namespaces, contexts
and Gateways: the cluster is asked for those, and has a second and a half to answer. "kubectl fairway" is completed by
kubectl's own completion, with the program kubectl_complete-fairway on the PATH, which comes with fairway.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { positionals } = parseArguments(args, flagTable, 1)
  const [name] = positionals
  const shell = shells.find((candidate) => candidate === name)
  if (shell === undefined) {
    const what = name === undefined ? 'the shell is missing' : `there is no completion for ${JSON.stringify(name)}`
    throw usageError(what, `name one of ${shells.join(', ')}: fairway completion bash`)
  }
  terminal.out.write(scriptFor(shell))
  return exitCodes.fine
}

/** The verb for the list of verbs. */
export const completionVerb: Verb = { help, flags: flagTable, positionals: [shells.join('|')], run }
