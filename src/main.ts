/** argv → verb. Started by src/fairway.mjs under the pinned Node. */
import { createProcessTerminal } from './cli/terminal/process-terminal.ts'
import { runProgram } from './cli/program.ts'
import { verbs } from './cli/verbs.ts'
import { version } from './lib/version.ts'

const args = process.argv.slice(2)
process.exitCode = await runProgram({ version, verbs }, args, createProcessTerminal())
// A shell waits until we are gone, and whoever gives us credentials for a cluster may still be at it.
if (args[0] === '__complete') process.stdout.write('', () => process.exit())
