import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import { openMeshFile, readMeshFile, type MeshFile } from './mesh-file.ts'

let root = ''
let path = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-mesh-'))
  path = join(root, 'mesh.yaml')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const read = (...lines: readonly string[]): MeshFile => {
  writeFileSync(path, lines.join('\n'))
  return readMeshFile(path)
}

/** What is wrong, without the folder. */
const faults = (file: MeshFile): readonly string[] => {
  assert.ok(!file.ok)
  return file.issues.map((issue) => formatIssue(issue).replaceAll(`${root}/`, ''))
}

const mesh = [
  'trustDomain: td1',
  'trustDomainAliases: [td2]',
  'rootNamespace: mesh',
  'pathNormalization:',
  '  normalization: MERGE_SLASHES',
]
const configMap = ['apiVersion: v1', 'kind: ConfigMap', 'metadata: { name: istio, namespace: istio-system }', 'data:']

describe('a file with a MeshConfig', () => {
  const telemetry = { providers: [], defaults: {}, tracing: {} }
  const config = {
    trustDomain: 'td1',
    trustDomainAliases: ['td2'],
    rootNamespace: 'mesh',
    pathNormalization: 'MERGE_SLASHES',
    providers: [],
    telemetry,
  }

  it('has it by itself', () => {
    assert.deepEqual(read(...mesh), { ok: true, config, unused: [], faults: [] })
  })

  it('has it as the text of a ConfigMap', () => {
    const lines = [...configMap, '  meshNetworks: "networks: {}"', '  mesh: |-', ...mesh.map((line) => `    ${line}`)]
    assert.deepEqual(read(...lines), { ok: true, config, unused: [], faults: [] })
  })

  it('may be empty', () => {
    assert.deepEqual(read('# nothing'), {
      ok: true,
      config: { providers: [], telemetry, trustDomainAliases: [] },
      unused: [],
      faults: [],
    })
  })

  it('names what is no business of a waypoint', () => {
    const file = read('ingressClass: istio', 'extensionProviders:', '- name: z', '  zipkin: { service: a }')
    assert.deepEqual(file.ok && file.unused, ['ingressClass', 'extensionProviders[0].zipkin'])
  })

  it('tells where a format has a fault, and has all the rest', () => {
    const file = read('trustDomain: td1', 'accessLogFile: /dev/stdout', "accessLogFormat: 'a %DURATON%'")
    assert.ok(file.ok)
    assert.deepEqual([file.config.trustDomain, file.config.telemetry.log?.path], ['td1', '/dev/stdout'])
    assert.match(file.faults.map(formatIssue).join(), /mesh.yaml:3:1: accessLogFormat: column 3: /)
  })

  it('says what is wanted where there is no file', () => {
    assert.match(
      faults(readMeshFile(path)).join(),
      /^mesh\.yaml: no such file: --mesh-config names Istio's MeshConfig.* kubectl get configmap istio -n istio-system -o yaml/,
    )
  })

  const bad: readonly (readonly [name: string, lines: readonly string[], faults: readonly (string | RegExp)[]])[] = [
    [
      'a wrong value',
      ['trustDomain: td1', 'rootNamespace: 5'],
      [/^mesh.yaml:2:1: rootNamespace: wrong value: found 5/],
    ],
    ['no MeshConfig', ['- a'], [/^mesh.yaml:1:1: wrong value: .*, expected an object/]],
    ['no YAML', ['a: b: c'], [/^mesh.yaml:1:/]],
    ['two documents', ['a: 1', '---', 'b: 2'], [/^mesh.yaml:3:1: .* has 2 documents/]],
    [
      'another spelling',
      ['trust_domain: td1'],
      ['mesh.yaml:1:1: trust_domain: unknown field: found "trust_domain", expected trustDomain'],
    ],
    [
      'a wrong value in a ConfigMap',
      [...configMap, '  mesh: |', '    # ours', '    trustDomain: "a b"', '    extensionProviders: [{ name: "" }]'],
      [/^mesh.yaml:8:28: extensionProviders\[0\].name: wrong/, /^mesh.yaml:7:5: trustDomain: wrong/],
    ],
    [
      'a wrong value in a ConfigMap, all in one line',
      [...configMap, '  mesh: "trustDomain: 5"'],
      [/^mesh.yaml:5:3: trustDomain: wrong/],
    ],
    ['no YAML in a ConfigMap', [...configMap, '  mesh: |', '    a: b: c'], [/^mesh.yaml:6:/]],
    ['a ConfigMap of something else', [...configMap, '  a: b'], [/^mesh.yaml:4:1: data.mesh: is missing/]],
  ]
  for (const [name, lines, expected] of bad) {
    it(`${name}: refused, with its place`, () => {
      const found = faults(read(...lines))
      assert.equal(found.length, expected.length, found.join('\n'))
      for (const [index, fault] of expected.entries()) {
        if (typeof fault === 'string') assert.equal(found[index], fault)
        else assert.match(found[index] ?? '', fault)
      }
    })
  }

  it('is not there', () => {
    assert.match(faults(readMeshFile(join(root, 'none.yaml')))[0] ?? '', /none.yaml: .*no such file/i)
  })

  it('is told of again when it changes', () => {
    writeFileSync(path, 'trustDomain: td1')
    const seen: (string | undefined)[] = []
    const clock = createFakeClock(Date.now())
    const source = openMeshFile({
      path,
      onRead: (file) => void seen.push(file.ok ? file.config.trustDomain : 'refused'),
      clock,
    })
    const write = (text: string): void => {
      writeFileSync(path, text)
      clock.advance(10_000)
      source.refresh()
      clock.advance(10_000)
    }
    write('trustDomain: td22')
    write('trustDomain: 333')
    write('trustDomain: td4444')
    source.close()
    assert.deepEqual(seen, ['td1', 'td22', 'refused', 'td4444'])
  })
})
