import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadStreamLine } from './stream-module.ts'

test('a module that is built in needs no line', () => {
  assert.equal(loadStreamLine('configure arguments: --with-stream --with-stream_ssl_module'), '')
})

test('a module of its own is loaded from where nginx keeps them', () => {
  const dir = mkdtempSync(join(tmpdir(), 'modules-'))
  try {
    writeFileSync(join(dir, 'ngx_stream_module.so'), '')
    const line = loadStreamLine(`--modules-path=${dir} --with-stream_ssl_module --with-stream=dynamic`)
    assert.equal(line, `load_module ${join(dir, 'ngx_stream_module.so')};`)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
