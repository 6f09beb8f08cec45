import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSetTranslation } from './translate-set.ts'
import type { MeshFlag } from './mesh-options.ts'
import { decodeMeshConfig } from './objects/mesh-config/mesh-config.ts'
import type { MeshFile } from './source/mesh-file.ts'
import type { TranslateOptions } from './translate/options.ts'

const base: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}
const empty = { objects: [], issues: [] }
const fileOf = (value: object): MeshFile => {
  const decoded = decodeMeshConfig(value)
  return decoded.ok ? { ok: true, ...decoded.value } : decoded
}
const bad: MeshFile = { ok: false, issues: [{ message: 'bad' }] }

const start = (flags: readonly MeshFlag[] = []) => {
  const translation = createSetTranslation(base, { path: 'mesh.yaml', flags })
  translation.takeObjects(empty)
  const model = () => {
    const result = translation.translate()
    assert.equal(result.kind, 'update')
    return result.update
  }
  return { ...translation, model }
}

describe('a configuration with a MeshConfig', () => {
  it('waits for objects', () => {
    assert.deepEqual(createSetTranslation(base, undefined).translate(), { kind: 'waiting' })
  })

  it('is refused until a MeshConfig was readable, and keeps the last that was', () => {
    const { takeMesh, translate, model } = start()
    takeMesh(bad)
    assert.deepEqual(translate(), { kind: 'refused', issues: [{ message: 'bad' }] })
    takeMesh(fileOf({ trustDomain: 'td1' }))
    assert.deepEqual([model().model.trustDomains, model().issues], [['td1'], []])
    takeMesh(bad)
    assert.deepEqual([model().model.trustDomains, model().issues], [['td1'], [{ message: 'bad' }]])
    takeMesh(fileOf({ trustDomain: 'td2', trustDomainAliases: ['td1'] }))
    assert.deepEqual([model().model.trustDomains, model().issues], [['td2', 'td1'], []])
  })

  it('is in force without what is wrong with a format, which is an issue', () => {
    const { takeMesh, model } = start()
    takeMesh(fileOf({ trustDomain: 'td1', accessLogFile: '/dev/stdout', accessLogFormat: '%NO%' }))
    assert.deepEqual(
      [model().model.trustDomains, model().issues.map(({ path }) => path)],
      [['td1'], ['accessLogFormat']],
    )
  })

  it('says how paths are normalised', () => {
    const { takeMesh, model } = start()
    takeMesh(fileOf({}))
    assert.deepEqual([model().model.pathNormalization, model().model.trustDomains], ['BASE', ['cluster.local']])
    takeMesh(fileOf({ pathNormalization: { normalization: 'NONE' } }))
    assert.equal(model().model.pathNormalization, 'NONE')
  })

  it('yields to flags, and says so where they differ', () => {
    const { takeMesh, model } = start(['trust-domain', 'path-normalization'])
    takeMesh(fileOf({ trustDomain: 'td1', pathNormalization: { normalization: 'DEFAULT' }, ingressClass: 'x' }))
    const { model: made, notes } = model()
    assert.deepEqual([made.trustDomains, made.pathNormalization], [['cluster.local'], 'BASE'])
    assert.deepEqual(notes, [
      '--trust-domain cluster.local is in force, and not trustDomain td1 of mesh.yaml',
      'of no effect on a waypoint in mesh.yaml: ingressClass',
    ])
  })
})
