import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { translate } from '../../../config/translate/translate.ts'
import { isFault } from '../../../model/condition.ts'
import { loadText } from '../../../../test/support/load-text.ts'
import { createToken } from './claims.ts'
import { createScene } from './scene.ts'
import { readTarget } from './target.ts'

const root = mkdtempSync(path.join(tmpdir(), 'fairway-target-'))
after(() => rmSync(root, { recursive: true }))

const folderOf = (files: Readonly<Record<string, string>>): string => {
  const folder = path.join(mkdtempSync(path.join(root, 'a-')), 'stamp')
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  return folder
}

const filter = (name: string, module: string, more = ''): string =>
  `apiVersion: fairway.dev/v1alpha1\nkind: Filter\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n  module: ${module}\n${more}`

const modulesOf = (target: string) => readTarget(target).filters.map(({ name, spec }) => [name, spec['module']])

describe('what is tried', () => {
  const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: api\n'

  it('is every Filter in the YAML of the folder, and nothing else of it', () => {
    const folder = folderOf({
      'b.yaml': `${service}---\n${filter('b', 'b.ts')}`,
      'a.yml': `${filter('a', 'a.ts')}---\n${filter('c', 'a.ts')}`,
      'a.ts': '',
    })
    assert.deepEqual(modulesOf(folder), [
      ['a', 'a.ts'],
      ['c', 'a.ts'],
      ['b', 'b.ts'],
    ])
  })

  it('is the one module without YAML, tests and types left out', () => {
    assert.deepEqual(modulesOf(folderOf({ 'One_Two.ts': '', 'one.test.ts': '', 'one.d.ts': '' })), [
      ['one-two', 'One_Two.ts'],
    ])
    assert.deepEqual(modulesOf(folderOf({ 'stamp.ts': '', 'other.ts': '' })), [['stamp', 'stamp.ts']])
  })

  it('is a module that is named, with its Filter if there is one', () => {
    const folder = folderOf({ 'a.yaml': filter('mine', 'a.ts', '  config: { x: 1 }\n'), 'a.ts': '', 'b.ts': '' })
    assert.deepEqual(readTarget(path.join(folder, 'a.ts')).filters[0]?.spec, { module: 'a.ts', config: { x: 1 } })
    assert.deepEqual(modulesOf(path.join(folder, 'b.ts')), [['b', 'b.ts']])
    assert.equal(readTarget(path.join(folder, 'b.ts')).folder, folder)
  })

  const wrong: readonly (readonly [what: string, target: string, pattern: RegExp])[] = [
    ['nothing', path.join(root, 'nowhere'), /nowhere is not there/],
    ['an empty folder', folderOf({}), /there is no filter in/],
    ['several modules', folderOf({ 'a.ts': '', 'b.ts': '' }), /several modules \(a\.ts, b\.ts\)/],
    ['YAML that is none', folderOf({ 'a.yaml': 'kind: Filter\nspec: [\n' }), /a\.yaml:\d+:\d+: /],
  ]
  for (const [what, target, pattern] of wrong) {
    it(`says what is wrong with ${what}`, () => assert.throws(() => readTarget(target), pattern))
  }
})

describe('the scene around it', () => {
  const { filters } = readTarget(
    folderOf({
      'a.yaml': `${filter('a', 'a.ts', '  config:\n    header: x\n  isolation: Thread\n')}---\n${filter('b', 'b.ts', '  targetRefs:\n    - group: gateway.networking.k8s.io\n      kind: HTTPRoute\n      name: other\n')}`,
    }),
  )
  const options = {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  } as const

  for (const [host, isPatient] of [
    ['127.0.0.1', false],
    ['::1', true],
  ] as const) {
    it(`is understood as a whole, with a backend at ${host}`, () => {
      const text = createScene(filters, {
        backend: { host, port: 3000 },
        services: isPatient
          ? [{ name: 'auth', namespace: 'identity', port: 8080, endpoint: { host: '127.0.0.1', port: 3001 } }]
          : [{ name: 'auth', namespace: undefined, port: 80, endpoint: { host: '::1', port: 3001 } }],
        issuer: isPatient ? createToken('{}') : undefined,
        isPatient,
      })
      const { objects, issues } = loadText('objects.yaml', text)
      assert.deepEqual(issues, [])
      const { conditions } = translate(objects, options)
      // Nobody has tried the code here.
      assert.deepEqual(
        conditions.filter(isFault).filter(({ object }) => object.kind !== 'Filter'),
        [],
      )
      assert.match(text, isPatient ? /"hook": "24h"/ : /"isolation": "Thread"/)
    })
  }
})
