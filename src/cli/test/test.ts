/** `fairway test`: what requests come to, laid beside what is expected of them. */
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeFiltersDir, filterFlags } from '../filter-flags.ts'
import { decodeMesh, meshFlags } from '../mesh-flags.ts'
import { withStandardInput } from '../offline/standard-input.ts'
import { outputFlag } from '../output-flag.ts'
import { printAs } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import { formatJunit, formatTests } from './format-tests.ts'
import { createDocument } from './test-document.ts'

const formats = ['table', 'json', 'yaml', 'junit'] as const

const flagTable = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH',
    help: 'YAML or JSON file or folder with objects, tests or both, - for stdin; repeatable',
  },
  output: outputFlag(formats),
  ...meshFlags,
  filters: filterFlags.filters,
} as const satisfies FlagTable

const help = `fairway test: what requests come to, laid beside what is expected of them

Examples
  fairway test -f examples/01-canary                       objects and tests in one folder
  fairway test -f objects/ -f test.yaml                    in two places
  helm template shop | fairway test -f - -f test.yaml      what a chart would bring
  fairway test -f objects/ -f test.yaml -o junit > report.xml

Usage
  fairway test -f PATH… [flags]

Tests are documents of kind WaypointTest: a list of requests, who sends each, and which route, rule, backends, status or
reasons it has to come to. They are asked of the functions that carry the traffic, without a cluster.
Exit code 0 when all pass, 80 when one fails, 65 when there is none or one is not well formed, 78 when a file cannot be
read.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  if (flags.file.length === 0) {
    throw usageError('no files are given', 'name files or folders: fairway test -f objects/ -f test.yaml')
  }
  const { runTests } = await import('./run-tests.ts')
  const filtersDir = decodeFiltersDir(flags.filters, terminal.cwd)
  const options = { cwd: terminal.cwd, mesh: decodeMesh(flags, terminal), filtersDir }
  const document = createDocument(await withStandardInput(flags.file, terminal, (files) => runTests(files, options)))
  if (format === 'junit') terminal.out.write(formatJunit(document))
  else
    await printAs(
      format,
      { table: ({ colours }) => formatTests(document, colours), document: () => document },
      terminal,
    )
  return document.summary.failed === 0 ? exitCodes.fine : exitCodes.policyTestsFailed
}

/** The verb for the list of verbs. */
export const testVerb: Verb = { help, flags: flagTable, run }
