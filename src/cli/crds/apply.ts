/** `fairway crds apply`: brings the definitions of our kinds in a cluster up to date. */
import { decodeChoice, formatFlags, parseArguments, type FlagTable } from '../arguments.ts'
import { accessFlags, openCluster } from '../cluster/access-flags.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { Terminal, Verb } from '../verb.ts'

const dryRuns = ['none', 'server'] as const

const flagTable = {
  'dry-run': {
    type: 'string',
    default: 'none',
    value: 'HOW',
    choices: dryRuns,
    help: 'server: all is checked there, and nothing kept; default none',
  },
  ...accessFlags,
} as const satisfies FlagTable

const help = `fairway crds apply: brings the definitions of Fairway's kinds in a cluster up to date

Examples
  fairway crds apply                                       before helm upgrade, which leaves them as they are
  fairway crds apply --dry-run=server                      what would change

Usage
  fairway crds apply [flags]

Each is replaced by that of this version of the program; labels and annotations of others stay, and so do objects. It may be
repeated. Exit code 0 when all are as they should be, 77 when a right is missing, 69 when nobody can be reached, 78 when the
kubeconfig cannot be used, 1 when the API server refuses one: those before it are in force then.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const isDryRun = decodeChoice('dry-run', flags['dry-run'], dryRuns) === 'server'
  const client = await openCluster(flags, terminal)
  try {
    const { putDefinition, readDefinitions } = await import('./definitions.ts')
    for (const ours of readDefinitions()) {
      const outcome = await putDefinition(ours, { client, isDryRun })
      const suffix = isDryRun ? ' (server dry run)' : ''
      terminal.out.write(`customresourcedefinition/${ours.metadata.name} ${outcome}${suffix}\n`)
    }
    return exitCodes.fine
  } finally {
    client.close()
  }
}

/** The verb for the list of verbs. */
export const applyCrdsVerb: Verb = { help, flags: flagTable, run }
