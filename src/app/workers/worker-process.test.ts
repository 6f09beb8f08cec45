import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Uses up all descriptors, then wants a worker. */
const script = `
import { openSync } from 'node:fs'
import { startWorkerProcess } from '${new URL('./worker-process.ts', import.meta.url).href}'
import { systemClock } from '${new URL('../../lib/clock.ts', import.meta.url).href}'
try {
  for (;;) openSync('/dev/null')
} catch {}
const worker = startWorkerProcess(systemClock, { onExit: (how) => process.stdout.write(JSON.stringify(how)) })
worker.post({ kind: 'nobody hears this' })
`

test('a worker that cannot be started for want of descriptors has ended, and its primary has not', () => {
  const command = 'ulimit -n 200; exec "$0" --input-type=module -e "$1"'
  const { stdout, stderr, status } = spawnSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8' })
  assert.deepEqual([status, stdout], [0, '{"code":null,"signal":null}'], stderr)
})
