import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../test/support/random.ts'
import { formatIssue } from '../lib/format-issue.ts'
import { createObjectLoading, loadObjects } from './load-objects.ts'
import { readObject, type ReadObject } from './objects/read-object.ts'
import { createPlacing, type FoundObject } from './source/locate.ts'
import { parseText } from './source/parse-text.ts'

const parse = (file: string, text: string): readonly FoundObject<ReadObject>[] => {
  const parsed = parseText(file, text, { decode: readObject })
  assert.ok(parsed.ok)
  return createPlacing<ReadObject>(() => text)(file, parsed.items)
}

const configMap = (name: string, data = '{}'): string =>
  `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name} }, data: ${data} }\n`

describe('loading objects', () => {
  it('takes the first of two objects with one name, and names both places', () => {
    const loaded = loadObjects([
      ...parse('a.yaml', configMap('one')),
      ...parse('b.yaml', `# a comment\n${configMap('one')}`),
    ])
    assert.deepEqual(
      loaded.objects.map((object) => object.locate('')?.file),
      ['a.yaml'],
    )
    assert.deepEqual(loaded.issues.map(formatIssue), [
      'b.yaml:2:48: ConfigMap default/one metadata.name: declared twice: the one at a.yaml:1:48 is in force, this one is not',
    ])
  })

  it('takes no security policy for another of its name, and lets neither drop out', () => {
    let count = 0
    const policy = (action: string): string =>
      `{ apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: { name: a, labels: { of: '${count++}' } }, spec: { action: ${action} } }\n`
    const load = (...actions: readonly string[]) => {
      const { objects, issues } = loadObjects(actions.flatMap((action, i) => parse(`${i}.yaml`, policy(action))))
      const defects = objects.map(({ read }) => {
        assert.ok(read.state === 'typed' && read.object.kind === 'AuthorizationPolicy')
        return read.object.defects.map(({ message }) => message).join()
      })
      return { defects, issues: issues.map(({ message }) => message) }
    }
    const twice = (file: string): string => `declared twice: the one at ${file}:1:76 is`
    assert.deepEqual(load('DENY', 'DENY'), { defects: [''], issues: [`${twice('0.yaml')} in force, this one is not`] })
    assert.deepEqual(load('DENY', 'ALLOW', 'DENY'), {
      defects: ['declared twice', 'declared twice'],
      issues: [
        `${twice('0.yaml')} another, so that neither is carried out, and what they are about is closed`,
        `${twice('0.yaml')} in force, this one is not`,
      ],
    })
  })

  it('sees two copies of one text in a file as a duplicate, not as one object', () => {
    const { objects, issues } = loadObjects(parse('a.yaml', `---\n${configMap('one')}---\n${configMap('one')}`))
    assert.equal(objects.length, 1)
    assert.match(issues.map(formatIssue).join(), /a\.yaml:4:48: .*a\.yaml:2:48/)
  })

  const unreadable: readonly (readonly [string, string, string])[] = [
    ['a bare text', 'hello', 'f:1:1: no Kubernetes object but a string: expected an object with apiVersion and kind'],
    ['no kind', 'apiVersion: v1', 'f:1:1: kind: is missing: found nothing, expected a string'],
    [
      'a wrong apiVersion',
      'a: 1\nkind: Pod\napiVersion: V 1',
      'f:3:1: apiVersion: wrong value: found "V 1", expected an API version like v1 or GROUP/v1',
    ],
    [
      'a kind of another group',
      'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: x}',
      'f:1:1: Gateway default/x apiVersion: Gateway is not known in networking.istio.io/v1: found "networking.istio.io/v1", expected one of gateway.networking.k8s.io/v1, gateway.networking.k8s.io/v1beta1, gateway.networking.k8s.io/v1alpha3, gateway.networking.k8s.io/v1alpha2',
    ],
    [
      'a name that is none',
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: A_b',
      'f:4:3: Pod default/A_b metadata.name: wrong value: found "A_b", expected a DNS subdomain name of lower-case letters, digits, - and .',
    ],
  ]
  for (const [name, text, line] of unreadable) {
    it(`explains ${name}`, () => {
      assert.deepEqual(loadObjects(parse('f', text)).issues.map(formatIssue), [line])
    })
  }

  it('says nothing of kinds that never concern a proxy', () => {
    const raw = parse(
      'f',
      '{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n---\n{apiVersion: v1, kind: ServiceAccount}',
    )
    assert.deepEqual(loadObjects(raw), { objects: [], issues: [], hasDuplicates: false })
  })
})

describe('loading that remembers', () => {
  /** Each line is one file in its versions, the same objects as long as it is the same one. */
  const files = [
    [configMap('one'), configMap('one', '{ a: b }'), configMap('one', '{ a: 1 }'), configMap('two')],
    [configMap('two'), configMap('three', '{ a: [] }'), configMap('one')],
    [configMap('four'), `${configMap('four')}---\n${configMap('five')}`, `---\n# moved\n${configMap('four')}`],
    ['hello', '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: one } }', configMap('six')],
    [
      '',
      '{ apiVersion: v1, kind: Secret, metadata: { name: one } }',
      '{ apiVersion: v1, kind: Pod, metadata: { name: A_b } }',
    ],
  ].map((versions, i) => versions.map((text) => parse(`${i}.yaml`, text)))

  it('gives what loading anew gives, with the same objects', () => {
    const random = seededRandom(3)
    const load = createObjectLoading()
    let chosen = files.map((versions) => versions[0] ?? [])
    for (let step = 0; step < 300; step++) {
      const changing = random.below(files.length)
      chosen = chosen.map((now, i) => (i === changing ? random.pick([...(files[i] ?? []), []]) : now))
      const [loaded, anew] = [load(chosen.flat()), loadObjects(chosen.flat())]
      assert.deepEqual(loaded, anew, `step ${step}`)
      assert.ok(loaded.objects.every((object, i) => object === anew.objects[i]))
    }
  })

  it('finds a second one that takes the place of something of the same name that is nothing to us', () => {
    const load = createObjectLoading()
    const [first, second] = ['a', 'b'].map((name) => parse(`${name}.yaml`, configMap('one')))
    const unrelated = parse('b.yaml', '{ apiVersion: apps/v1, kind: ConfigMap, metadata: { name: one } }')
    assert.ok(first !== undefined && second !== undefined)
    load([...first, ...unrelated])
    assert.deepEqual(load([...first, ...second]), loadObjects([...first, ...second]))
    assert.equal(load([...first, ...second]).hasDuplicates, true)
  })

  it('gives the very same issues where none came or went', () => {
    const load = createObjectLoading()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => parse(`${name}.yaml`, configMap(name)))
    assert.ok(a !== undefined && b !== undefined && c !== undefined)
    assert.equal(load([...a, ...b]).issues, load([...a, ...c]).issues)
  })
})
