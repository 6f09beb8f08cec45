import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

test('compiled code is written and let go of at once, and not when the process ends in peace', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-compiled-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const module = new URL('./compiled-code.ts', import.meta.url).href
  // One that is killed writes nothing at its end.
  const script = `import { releaseCompiledCode } from '${module}'; releaseCompiledCode(); process.kill(process.pid, 'SIGKILL')`
  const { signal, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    { env: { ...process.env, NODE_COMPILE_CACHE: folder }, encoding: 'utf8' },
  )
  assert.equal(signal, 'SIGKILL', stderr)
  const [version = ''] = readdirSync(folder)
  assert.notEqual(readdirSync(path.join(folder, version)).length, 0)
})
