/** argv → verb. Started by src/fairway.mjs under the pinned Node. */
import { readFile } from 'node:fs/promises'
import { createProcessTerminal } from './cli/terminal/process-terminal.ts'
import { runProgram } from './cli/program.ts'
import { verbs } from './cli/verbs.ts'

const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
const version =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'

process.exitCode = await runProgram({ version, verbs }, process.argv.slice(2), createProcessTerminal())
