import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSet } from './read-set.ts'

const NAMES = ['cert-chain.pem', 'key.pem', 'root-cert.pem', 'ca-crl.pem']

test('what is read is of one moment, while somebody swaps all files at once', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-set-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  for (const version of ['v0', 'v1']) {
    await mkdir(join(dir, version))
    for (const name of NAMES) await writeFile(join(dir, version, name), version)
  }
  await symlink('v0', join(dir, '..data'))
  for (const name of NAMES) await symlink(`..data/${name}`, join(dir, name))

  const seen = new Set<string>()
  for (let i = 1; i <= 400; i++) {
    const reading = readSet(dir)
    for (let turn = 0; turn < i % 20; turn++) await new Promise(setImmediate)
    await symlink(`v${i % 2}`, join(dir, '..tmp'))
    await rename(join(dir, '..tmp'), join(dir, '..data'))
    const set = await reading
    assert.ok(set.ok)
    seen.add(Object.values(set.value.texts).join(' '))
  }
  assert.deepEqual([...seen].toSorted(), ['v0 v0 v0 v0', 'v1 v1 v1 v1'])
})

test('files that cannot be read are all named', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-set-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, 'cert-chain.pem'), 'x')
  await mkdir(join(dir, 'ca-crl.pem'))
  const set = await readSet(dir)
  assert.ok(!set.ok)
  const paths = new Set(set.issues.map((issue) => issue.path))
  assert.deepEqual(paths, new Set(['ca-crl.pem', 'key.pem', 'root-cert.pem']))
})
