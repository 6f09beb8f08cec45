import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readObject } from '../read-object.ts'

type Kind = 'TCPRoute' | 'TLSRoute'

const read = (kind: Kind, spec: unknown) => {
  const apiVersion = 'gateway.networking.k8s.io/v1'
  const result = readObject({ apiVersion, kind, metadata: { name: 'r', namespace: 'shop' }, spec })
  assert.ok(result.state === 'typed', JSON.stringify(result.issues))
  const { object, issues } = result
  assert.ok(object.kind === 'TCPRoute' || object.kind === 'TLSRoute')
  return { object, issues }
}

const to = (ref: object): object => ({ rules: [{ backendRefs: [{ name: 'db', port: 5432, ...ref }] }] })

const good: readonly (readonly [name: string, kind: Kind, spec: unknown, wanted: object])[] = [
  [
    'a backend with what is left out',
    'TCPRoute',
    to({}),
    { rules: [{ backendRefs: [{ group: '', kind: 'Service', name: 'db', port: 5432, weight: 1 }] }] },
  ],
  ['a weight of nothing', 'TCPRoute', to({ weight: 0 }), { rules: [{ backendRefs: [{ weight: 0 }] }] }],
  [
    'a backend of another kind, which needs no port',
    'TLSRoute',
    to({ kind: 'Import', group: 'x.y', port: undefined }),
    { rules: [{ backendRefs: [{ kind: 'Import', group: 'x.y' }] }] },
  ],
  ['no backends', 'TCPRoute', { rules: [{}] }, { rules: [{ backendRefs: [] }] }],
  ['a name', 'TCPRoute', { rules: [{ name: 'main' }] }, { rules: [{ name: 'main' }] }],
  [
    'several rules, as older versions have them',
    'TCPRoute',
    { rules: [{ name: 'a' }, { name: 'b' }] },
    { rules: [{ path: 'spec.rules[0]' }, { path: 'spec.rules[1]' }] },
  ],
  [
    'host names, each once',
    'TLSRoute',
    { hostnames: ['a.b', '*.b', 'a.b'], rules: [{}] },
    { hostnames: ['a.b', '*.b'] },
  ],
  ['no host names', 'TLSRoute', { rules: [{}] }, { hostnames: [] }],
]
describe('a route of connections is read', () => {
  for (const [name, kind, spec, wanted] of good) {
    it(name, () => {
      const { object, issues } = read(kind, spec)
      assert.deepEqual(issues, [])
      assert.deepEqual(
        object.rules.flatMap(({ defects }) => defects),
        [],
      )
      assert.partialDeepStrictEqual(object, wanted)
    })
  }
})

const bad: readonly (readonly [name: string, kind: Kind, spec: unknown, paths: readonly string[]])[] = [
  ['no rules', 'TCPRoute', {}, ['spec.rules']],
  ['an empty list of rules', 'TLSRoute', { hostnames: ['a.b'], rules: [] }, ['spec.rules']],
  ['rules that are no list', 'TCPRoute', { rules: 3 }, ['spec.rules']],
  ['a rule that is none', 'TCPRoute', { rules: ['x'] }, ['spec.rules[0]']],
  ['matches', 'TCPRoute', { rules: [{ matches: [] }] }, ['spec.rules[0].matches']],
  ['filters', 'TLSRoute', { rules: [{ filters: [] }] }, ['spec.rules[0].filters']],
  ['filters of a backend', 'TCPRoute', to({ filters: [] }), ['spec.rules[0].backendRefs[0].filters']],
  ['backends that are no list', 'TCPRoute', { rules: [{ backendRefs: {} }] }, ['spec.rules[0].backendRefs']],
  ['a Service without a port', 'TCPRoute', to({ port: undefined }), ['spec.rules[0].backendRefs[0].port']],
  ['a port that is none', 'TCPRoute', to({ port: 65_536 }), ['spec.rules[0].backendRefs[0].port']],
  ['a weight below nothing', 'TCPRoute', to({ weight: -1 }), ['spec.rules[0].backendRefs[0].weight']],
  ['one name for two rules', 'TCPRoute', { rules: [{ name: 'a' }, { name: 'a' }] }, ['spec.rules[1].name']],
  ['a name that is none', 'TCPRoute', { rules: [{ name: 'A B' }] }, ['spec.rules[0].name']],
  ['host names of a TCPRoute', 'TCPRoute', { hostnames: ['a.b'], rules: [{}] }, ['spec.hostnames']],
  ['an address for a host name', 'TLSRoute', { hostnames: ['10.0.0.1'], rules: [{}] }, ['spec.hostnames[0]']],
  ['a wildcard in the middle', 'TLSRoute', { hostnames: ['a.*.b'], rules: [{}] }, ['spec.hostnames[0]']],
  ['a wildcard alone', 'TLSRoute', { hostnames: ['*'], rules: [{}] }, ['spec.hostnames[0]']],
  ['capitals', 'TLSRoute', { hostnames: ['A.b'], rules: [{}] }, ['spec.hostnames[0]']],
  ['host names that are no list', 'TLSRoute', { hostnames: 'a.b', rules: [{}] }, ['spec.hostnames']],
  ['a field that nobody knows', 'TLSRoute', { rules: [{}], mode: 'x' }, ['spec.mode']],
]
describe('a route of connections is closed by', () => {
  for (const [name, kind, spec, paths] of bad) {
    it(name, () => {
      const { object, issues } = read(kind, spec)
      const found = object.rules.flatMap(({ defects }) => defects.map(({ path }) => path))
      assert.deepEqual(found, paths)
      for (const path of paths) assert.ok(issues.some((issue) => issue.path === path))
    })
  }
})

it('names that can be read are those that a route with others is closed for', () => {
  const { object } = read('TLSRoute', { hostnames: ['a.b', 'C.d', 3, '*.e'], rules: [{}] })
  assert.ok(object.kind === 'TLSRoute')
  assert.deepEqual(object.hostnames, ['a.b', '*.e'])
})
