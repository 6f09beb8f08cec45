import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

const module = new URL('./compiled-code.ts', import.meta.url).href

/** A process that tells how many files its compile cache has before and after. */
const script = `
import { readdirSync } from 'node:fs'
import { releaseCompiledCode } from '${module}'
const count = () => readdirSync(process.env.NODE_COMPILE_CACHE, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
const before = count()
releaseCompiledCode()
process.stdout.write(JSON.stringify([before, count() > before]))
`

test('compiled code is written and let go of at once, and not when the process ends', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-compiled-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_COMPILE_CACHE: folder },
    encoding: 'utf8',
  })
  assert.equal(stdout, '[0,true]', stderr)
})
