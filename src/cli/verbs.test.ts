import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { VerbEntry } from './verb.ts'
import { verbs } from './verbs.ts'

/** What a file imports when it is loaded; types are nothing then. */
const importsOf = (file: string): readonly string[] =>
  Array.from(
    readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s+(?!type\b)([^;'"`]*?)\s*from\s*['"](\.[^'"]+)['"]/gm),
    ([, clause = '', specifier = '']) => ({ clause, specifier }),
  )
    .filter(({ clause }) => !/^\{(?:\s*type\s[^,}]+,?)+\s*\}$/.test(clause))
    .map(({ specifier }) => path.resolve(path.dirname(file), specifier))

const loadedBy = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  for (const found of importsOf(file)) {
    if (seen.has(found) || !existsSync(found)) continue
    seen.add(found)
    loadedBy(found, seen)
  }
  return seen
}

const folder = import.meta.dirname
const modules = Array.from(
  readFileSync(path.join(folder, 'verbs.ts'), 'utf8').matchAll(/import\('(\.\/[^']+)'\)/g),
  ([, name = '']) => name,
)

const all = (entries: readonly VerbEntry[]): readonly VerbEntry[] =>
  entries.flatMap((entry) => ('verbs' in entry ? all(entry.verbs) : [entry]))

test('the help of whatever asks a cluster, or needs certificates, says when it ends with 78', async () => {
  const silent: string[] = []
  for (const entry of all(verbs)) {
    if ('verbs' in entry) continue
    const { flags, help } = await entry.load()
    const mayEndSo = 'kubeconfig' in flags || ('certs' in flags && 'from' in flags)
    if (mayEndSo && !/\b78\b/.test(help)) silent.push(entry.name)
  }
  assert.deepEqual(silent, [])
})

test('there are verbs', () => assert.ok(modules.length > 10))

for (const name of modules) {
  test(`flags and help of ${name} are there without loading the program: somebody is typing`, () => {
    const loaded = [...loadedBy(path.join(folder, name))].map((file) => path.relative(path.dirname(folder), file))
    assert.ok(loaded.length > 3 && loaded.length <= 60, `${loaded.length} files: import them in "run"`)
    assert.deepEqual(
      loaded.filter((file) => /^(?:app\.ts|app\/start|snapshot|telemetry|config\/translate)/.test(file)),
      [],
    )
  })
}
