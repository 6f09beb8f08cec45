/**
 * Golden cases: each folder beside this file holds `objects.yaml`, what it is translated to (`model.json`,
 * `conditions.json`) and what was wrong with its objects (`issues.txt`); with `mesh.yaml` that is the MeshConfig. `UPDATE_GOLDEN=1` writes the results anew:
 * look at the difference before you commit it. Folder `vectors` is a suite of its own.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { formatIssue } from '../../src/lib/format-issue.ts'
import { createModelReader, createModelWriter } from '../../src/config/delta.ts'
import { packJson, unpackJson } from '../../src/lib/memory/packed-json.ts'
import type { Model } from '../../src/model/model.ts'
import { withMeshConfig } from '../../src/config/mesh-options.ts'
import { readMeshFile } from '../../src/config/source/mesh-file.ts'
import type { TranslateOptions } from '../../src/config/translate/options.ts'
import { translate } from '../../src/config/translate/translate.ts'
import { loadText } from '../support/load-text.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

const folder = import.meta.dirname
const isUpdate = process.env['UPDATE_GOLDEN'] === '1'
const isCase = (name: string): boolean => existsSync(join(folder, name, 'objects.yaml'))
const cases = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => isCase(name))

/** With the MeshConfig that stands in the folder as `mesh.yaml`, if one does. */
const optionsOf = (name: string): TranslateOptions => {
  const path = join(folder, name, 'mesh.yaml')
  if (!existsSync(path)) return options
  const mesh = readMeshFile(path)
  assert.ok(mesh.ok, JSON.stringify(mesh))
  return withMeshConfig(options, mesh, { path: 'mesh.yaml', flags: [] }).options
}

const run = (name: string, order: 'as written' | 'reversed') => {
  const { objects, issues } = loadText('objects.yaml', readFileSync(join(folder, name, 'objects.yaml'), 'utf8'))
  const { model, conditions } = translate(order === 'reversed' ? objects.toReversed() : objects, optionsOf(name))
  return {
    'model.json': `${JSON.stringify(model, null, 2)}\n`,
    'conditions.json': `${JSON.stringify(conditions, null, 2)}\n`,
    'issues.txt': issues.map((issue) => `${formatIssue(issue)}\n`).join(''),
  }
}

describe('golden cases', () => {
  it('exist', () => assert.ok(cases.length > 0))
  const [write, read] = [createModelWriter(), createModelReader()]
  for (const { name } of cases) {
    const outcome = run(name, 'as written')
    for (const [file, text] of Object.entries(outcome)) {
      it(`${name}: ${file}`, () => {
        const path = join(folder, name, file)
        if (isUpdate) writeFileSync(path, text)
        assert.ok(existsSync(path), `${path} is missing: run once with UPDATE_GOLDEN=1`)
        assert.equal(text, readFileSync(path, 'utf8'))
      })
    }
    it(`${name}: arrives as it was sent, whatever was sent before`, () => {
      // A model survives JSON, and without a Gateway the key is left out there.
      const model: Model = { gateway: undefined, ...(JSON.parse(outcome['model.json']) as Omit<Model, 'gateway'>) }
      assert.deepEqual(read(unpackJson(packJson(write(model)))), model)
    })
    it(`${name}: the order of the objects makes no difference`, () => {
      assert.equal(run(name, 'reversed')['model.json'], outcome['model.json'])
      assert.equal(run(name, 'reversed')['conditions.json'], outcome['conditions.json'])
    })
  }
})
