import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const script = `
import { openErrorLog } from '${new URL('./error-log.ts', import.meta.url).href}'
const write = openErrorLog()
for (let i = 0; i < 3; i++) write('a line\\n')
setTimeout(() => process.stdout.write('alive'), 50)
`

for (const [what, to] of [
  ['a full disk', '2>/dev/full'],
  ['a pipe that nobody reads any more', '2> >(exit)'],
  ['nothing at all', '2>&-'],
] as const) {
  test(`a process goes on whose standard error is ${what}`, () => {
    const command = `exec "$0" --input-type=module -e "$1" ${to}`
    const { stdout, status } = spawnSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8' })
    assert.deepEqual([status, stdout], [0, 'alive'])
  })
}
