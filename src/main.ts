/** argv → verb. Started by src/fairway.mjs under the pinned Node. */
import { createProcessTerminal } from './cli/terminal/process-terminal.ts'
import { runProgram } from './cli/program.ts'
import { verbs } from './cli/verbs.ts'
import { version } from './lib/version.ts'

process.exitCode = await runProgram({ version, verbs }, process.argv.slice(2), createProcessTerminal())
