/** `fairway crds generate`: the definitions of our kinds, for whoever applies them. */
import { decodeChoice, formatFlags, parseArguments, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { outputFlag } from '../output-flag.ts'
import { formatYaml } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'

const formats = ['yaml', 'json', 'name'] as const

const flagTable = { output: outputFlag(formats) } as const satisfies FlagTable

const help = `fairway crds generate: the definitions of Fairway's kinds, as Kubernetes takes them

Examples
  fairway crds generate | kubectl apply --server-side --force-conflicts -f -
  fairway crds generate > crds.yaml                        for a repository that a cluster is kept by
  fairway crds generate -o name                            their names

Usage
  fairway crds generate [-o FORMAT]

Nothing is asked of a cluster. They are those of this version of the program.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], { out }: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  const { readDefinitions } = await import('./definitions.ts')
  const definitions = readDefinitions()
  switch (format) {
    case 'yaml':
      out.write((await Promise.all(definitions.map(formatYaml))).join('---\n'))
      return exitCodes.fine
    case 'json':
      out.write(`${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: definitions }, undefined, 2)}\n`)
      return exitCodes.fine
    case 'name':
      out.write(definitions.map(({ metadata }) => `customresourcedefinition/${metadata.name}\n`).join(''))
      return exitCodes.fine
  }
}

/** The verb for the list of verbs. */
export const generateCrdsVerb: Verb = { help, flags: flagTable, run }
