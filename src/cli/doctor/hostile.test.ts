/** Objects of forms that nobody thought of: the API server lets much through where a kind has no schema. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { cleanObjects, meshOf, objectsIn } from '../../../test/support/doctor/mesh-case.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { JsonObject } from '../../controller/manifest.ts'
import { createMesh } from './mesh/mesh.ts'
import { runChecks } from './run-checks.ts'

const clean = cleanObjects(objectsIn(readFileSync(join(import.meta.dirname, 'cases/clean.yaml'), 'utf8')))
const wrong: readonly unknown[] = [null, 7, -1, '', 'x', true, [], [null], [7], {}, { x: null }, [{}], '../..', '*']

/** How many are tried; set FAIRWAY_DOCTOR_MUTANTS for more. */
const rounds = Number(process.env['FAIRWAY_DOCTOR_MUTANTS'] ?? 60)

it('no value in the wrong place ends a check', () => {
  const { below } = seededRandom(11)
  // Of values to put there, nothing is one too.
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const objects = [...clean.values()].filter(({ kind }) => kind !== 'CustomResourceDefinition')
  for (let round = 0; round < rounds; round++) {
    const victim = structuredClone(pick(objects))
    const changed: string[] = []
    for (let count = 0; count < 3; count++) changed.push(spoil(victim, pick))
    const mesh = meshOf(clean, {})
    const kind = String(victim.kind)
    const readings = new Map(mesh.readings)
    const others = mesh
      .all(kind)
      .filter((one) => JSON.stringify(one['metadata']) !== JSON.stringify(victim['metadata']))
    readings.set(kind, { state: 'read', objects: [victim, ...others] })
    const { results } = runChecks(createMesh({ ...mesh, readings }))
    const faults = results.flatMap(({ findings }) => findings.filter(({ code }) => code === 'FW0003'))
    assert.deepEqual(faults, [], `${kind}: ${changed.join(', ')}: ${JSON.stringify(victim)}`)
  }
})

/** Replaces one value somewhere below; what names the object stays, since a server sees to that. */
const spoil = (object: JsonObject, pick: <T>(list: readonly T[]) => T): string => {
  let at: Record<string, unknown> = object
  let path = ''
  for (;;) {
    const keys = Object.keys(at).filter((key) => !['kind', 'apiVersion', 'name', 'namespace'].includes(key))
    if (keys.length === 0) return path
    const key = pick(keys)
    const value = at[key]
    path += `.${key}`
    if (typeof value === 'object' && value !== null && pick([true, true, false])) {
      // What is an object, or a list, has keys.
      at = value as Record<string, unknown>
      continue
    }
    if (path === '.metadata') return path
    at[key] = structuredClone(pick(wrong))
    return path
  }
}
