import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import {
  cleanObjects,
  meshOf,
  objectsIn,
  withCertificates,
  type MeshCase,
} from '../../../test/support/doctor/mesh-case.ts'
import { listAt, valueAt, type JsonObject } from '../../controller/manifest.ts'
import { isPlainObject } from '../../lib/schema.ts'
import type { Check, Finding } from './check.ts'
import { checks, codes, commonCodes } from './checks.ts'
import { createMesh } from './mesh/mesh.ts'
import { runChecks, type Suppression } from './run-checks.ts'

const folder = join(import.meta.dirname, 'cases')
const clean = cleanObjects(objectsIn(readFileSync(join(folder, 'clean.yaml'), 'utf8')))

/** `CODE KIND/NAMESPACE/NAME` */
const formatFinding = ({ code, object }: Finding): string => {
  if (object === undefined) return code
  return `${code} ${[object.kind, object.namespace, object.name].filter((part) => part !== '').join('/')}`
}

const findingsOf = (one: Omit<MeshCase, 'what' | 'expect'>): readonly Finding[] =>
  runChecks(meshOf(clean, one)).results.flatMap(({ findings }) => findings)

const files = globSync('*.yaml', { cwd: folder }).filter((file) => file !== 'clean.yaml')
const cases = files.flatMap((file) => {
  const list: unknown = parse(withCertificates(readFileSync(join(folder, file), 'utf8')))
  assert.ok(Array.isArray(list), file)
  // The form of a case is ours; what is wrong with one makes it fail.
  return (list as readonly MeshCase[]).map((one) => ({ ...one, file }))
})

it('a mesh without a fault has no finding', () => {
  const { results } = runChecks(meshOf(clean, {}))
  assert.deepEqual(
    results.flatMap(({ findings }) => findings),
    [],
  )
  assert.deepEqual(
    results.filter(({ state }) => state !== 'passed').map(({ check, detail }) => `${check.name}: ${detail}`),
    [],
  )
})

for (const file of files) {
  describe(`planted faults of ${file}:`, () => {
    for (const { what, expect, ...one } of cases.filter((other) => other.file === file)) {
      it(what, () => {
        const findings = findingsOf(one)
        const told = findings.map(formatFinding).toSorted()
        assert.deepEqual(told, expect.toSorted(), JSON.stringify(findings, null, 2))
        for (const { message, code } of findings)
          assert.ok(message.length > 10 && !message.endsWith('.'), `${code}: ${message}`)
      })
    }
  })
}

describe('what no case can say:', () => {
  const named = (all: readonly Finding[]): readonly string[] => all.map(formatFinding)

  it('a definition with fields of the future', () => {
    const key = 'CustomResourceDefinition/filters.fairway.dev'
    const crd: unknown = structuredClone(clean.get(key))
    assert.ok(isPlainObject(crd))
    const fields = valueAt(
      listAt(crd, 'spec', 'versions')[0],
      'schema',
      'openAPIV3Schema',
      'properties',
      'spec',
      'properties',
    )
    assert.ok(isPlainObject(fields))
    Object.assign(fields, { later: { type: 'string' } })
    // It was JSON, and still is.
    const findings = findingsOf({ change: [crd as JsonObject] })
    assert.deepEqual(named(findings), ['FW0108 CustomResourceDefinition/filters.fairway.dev'])
    assert.match(findings[0]?.message ?? '', /v1alpha1 spec\.later/)
  })

  it('a check with a fault', () => {
    const [first, second] = checks
    assert.ok(first !== undefined && second !== undefined)
    const broken: Check = {
      ...first,
      run: () => {
        throw new Error('of ours')
      },
    }
    const { results } = runChecks(meshOf(clean, {}), [], [broken, second])
    assert.deepEqual(
      results.map(({ state, findings }) => [state, findings.map(({ code, message }) => `${code} ${message}`)]),
      [
        ['warning', ['FW0003 the check kubernetes-version ended in a fault of this program: of ours']],
        ['passed', []],
      ],
    )
  })

  it('more objects than are read', () => {
    const mesh = meshOf(clean, {})
    const readings = new Map(mesh.readings)
    readings.set('HTTPRoute', { state: 'read', objects: mesh.all('HTTPRoute'), isCut: true })
    const { results } = runChecks(createMesh({ ...mesh, readings }))
    const findings = results.flatMap((result) => result.findings)
    assert.ok(findings.length > 0 && findings.every(({ code }) => code === 'FW0002'), JSON.stringify(findings))
  })
})

it('every code has a case', () => {
  const met = new Set(cases.flatMap(({ expect }) => expect.map((text) => text.slice(0, 6))))
  assert.deepEqual(
    [...codes.keys()].filter((code) => !met.has(code)),
    ['FW0002', 'FW0003', 'FW0108'],
  )
})

it('no code is given by two checks', () => {
  const all = checks.flatMap((check) => Object.keys(check.codes))
  assert.deepEqual(all.toSorted(), [...new Set(all)].toSorted())
  assert.equal(all.length + Object.keys(commonCodes).length, codes.size)
  for (const code of codes.keys()) assert.match(code, /^FW[0-9]{4}$/)
})

describe('what is left out', () => {
  const faulty = { remove: ['Gateway/shop/waypoint', 'DaemonSet/istio-system/ztunnel'] }
  const left = (suppressions: readonly Suppression[], scope?: readonly string[]): readonly string[] => {
    const mesh = meshOf(clean, { ...faulty, ...(scope === undefined ? {} : { scope }) })
    return runChecks(mesh, suppressions).results.flatMap(({ findings }) => findings.map(formatFinding))
  }
  it('nothing, unless somebody says so', () => {
    assert.deepEqual(left([]), ['FW0313', 'FW0601 Namespace/shop'])
  })
  it('a code', () => assert.deepEqual(left([{ code: 'FW0601', object: undefined }]), ['FW0313']))
  it('a code of one object', () => {
    assert.deepEqual(left([{ code: 'FW0601', object: 'Namespace/shop' }]), ['FW0313'])
    assert.deepEqual(left([{ code: 'FW0601', object: 'Namespace/*' }]), ['FW0313'])
    assert.deepEqual(left([{ code: 'FW0601', object: 'Namespace/other' }]).length, 2)
    assert.deepEqual(left([{ code: 'FW0313', object: 'DaemonSet/*/*' }]).length, 2, 'it is of no object')
  })
  it('what is of other namespaces, and is not shared by all', () => {
    assert.deepEqual(left([], ['clients']), ['FW0313'])
    assert.deepEqual(left([], ['shop']), ['FW0313', 'FW0601 Namespace/shop'])
  })
})
