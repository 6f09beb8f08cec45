import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeEnv } from '../testing.ts'
import { evaluateModule } from './evaluate-module.ts'

/** What a filter whose `create` is this code does there. */
const run = (code: string, before = ''): Promise<unknown> => {
  const text = `${before}
const { schema } = require('fairway/filter')
exports.default = { kind: 'A', stage: 'shape', config: schema.anything(), create(config, env) { ${code} } }`
  const evaluated = evaluateModule({ root: '/filters', entry: 'a.ts', files: { 'a.ts': text } })
  assert.ok(evaluated.ok, JSON.stringify(evaluated))
  const env = createFakeEnv({ fetch: () => new Response('by the mesh') })
  return Promise.resolve().then(() => evaluated.definition.create({}, env))
}

const PAST_THE_MESH: readonly (readonly [code: string, says: RegExp, before?: string])[] = [
  ["return fetch('http://auth/')", /fetch would go past the mesh: use env\.fetch/],
  ["new WebSocket('ws://auth/')", /WebSocket would go past the mesh/],
  ["new EventSource('http://auth/')", /EventSource would go past the mesh/],
  [
    'return new Auth().fetch()',
    /fetch would go past the mesh/,
    "class Auth {\n  fetch() { return fetch('http://auth/') }\n}",
  ],
  ["require('node:http')", /cannot import 'node:http': calls go through the mesh/],
]

for (const [code, says, before] of PAST_THE_MESH) {
  test(`a filter does not go past the mesh by mistake: ${code}`, () => assert.rejects(run(code, before), says))
}

const OWN_NAMES: readonly (readonly [what: string, code: string, before?: string])[] = [
  ['env.fetch', "return env.fetch('http://auth/').then((response) => response.text())"],
  ['a name in a function', "const { fetch } = env; return fetch('http://auth/').then((response) => response.text())"],
  ['a constant at the top', 'return fetch()', "const fetch = async () => 'by the mesh'"],
  ['one of several at the top', 'return fetch()', "const { other, fetch } = { fetch: async () => 'by the mesh' }"],
  ['a function at the top', 'return fetch()', "async function fetch() { return 'by the mesh' }"],
  ['one in the middle of a line', 'return fetch()', "const a = 1; const fetch = async () => 'by the mesh'"],
  ['what a module calls process', 'return process()', "const process = async () => 'by the mesh'"],
  ['what a module calls module', 'return module.text', "const module = { text: 'by the mesh' }"],
  ['a class at the top', 'return new WebSocket().text', "class WebSocket { text = 'by the mesh' }"],
]

for (const [what, code, before] of OWN_NAMES) {
  test(`a filter may have ${what}`, async () => assert.equal(await run(code, before), 'by the mesh'))
}

const FAULTS: readonly (readonly [text: string, says: RegExp])[] = [
  ['const exports = 1', /^exports and require are names that a filter has already/],
  ['const a = 1; const a = 2', /^SyntaxError: Identifier 'a' has already been declared/],
  ["throw 'no'", /^string thrown: no$/],
  ['throw null', /null$/],
]

for (const [text, says] of FAULTS) {
  test(`what is wrong with a file is told with its name: ${text}`, () => {
    const evaluated = evaluateModule({ root: '/filters', entry: 'a.ts', files: { 'a.ts': text } })
    assert.ok(!evaluated.ok)
    assert.match(evaluated.fault.message, says)
    assert.equal(evaluated.fault.file, 'a.ts')
  })
}
