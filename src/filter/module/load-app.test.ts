import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as s from '../../lib/schema.ts'
import { evaluateModule } from './evaluate-module.ts'
import { loadApp } from './load-app.ts'

const evaluate = (text: string) =>
  evaluateModule({ root: '/filters', entry: 'a.js', files: { 'a.js': text }, isApp: true })

describe('the module of an App', () => {
  const wrong: readonly (readonly [text: string, expected: RegExp])[] = [
    ['', /wrong default export: found nothing, expected a plugin of Fastify/],
    ['exports.default = { kind: "A" }', /found \{"kind":"A"\}|found an object/],
    ['exports.default = async () => {}\nexports.config = 7', /wrong export config: found 7, expected a schema/],
    ['exports.default = async () => {}\nrequire("node:http")', /cannot import 'node:http'/],
  ]
  for (const [text, expected] of wrong) {
    it(`that is ${JSON.stringify(text)} is refused`, () => {
      const evaluated = evaluate(text)
      assert.ok(!evaluated.ok)
      assert.match(evaluated.fault.message, expected)
    })
  }

  it('is a definition of kind App', () => {
    const evaluated = evaluate('exports.default = async () => {}')
    assert.ok(evaluated.ok)
    assert.deepEqual([evaluated.definition.kind, evaluated.definition.stage], ['App', 'select'])
  })

  it('may read its configuration by a schema of its own', () => {
    const config = s.object({ url: s.string(), tries: s.withDefault(s.integer(), 3) })
    const exported = { default: () => {}, config }
    const definition = loadApp(exported, { entry: 'a.js', files: {} })
    const good = definition.config.decode({ config: { url: 'http://a' }, prefix: '/api' }, 'spec')
    assert.ok(good.ok)
    assert.deepEqual(good.value, {
      config: { url: 'http://a', tries: 3 },
      prefix: '/api',
      limits: { body: 1024 * 1024 },
    })
    const bad = definition.config.decode({ config: { url: 7 } }, 'spec')
    assert.deepEqual(!bad.ok && bad.issues.map(({ path }) => path), ['spec.config.url'])
  })
})
