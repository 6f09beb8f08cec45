/** argv → verb. Started by src/fairway.mjs under the pinned Node. */
import { createProcessTerminal } from './cli/terminal/process-terminal.ts'
import { runProgram } from './cli/program.ts'
import { verbs } from './cli/verbs.ts'
import { version } from './lib/version.ts'

// Timers of ours never keep a process alive; a verb that waits by one, with no connection open, is not at its end yet.
const alive = setInterval(() => {}, 0x7fff_ffff)
process.exitCode = await runProgram({ version, verbs }, process.argv.slice(2), createProcessTerminal())
clearInterval(alive)
