/**
 * Golden cases of the controller: each folder of `gateways/` holds `objects.yaml`, and for each Gateway among them what is
 * made of it (`NAME.yaml`) and what it is told before and after a replica is ready. `UPDATE_GOLDEN=1` writes them anew.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { prepareGateway } from '../../src/controller/desired/prepare-gateway.ts'
import { textAt, type LiveObject } from '../../src/controller/manifest.ts'
import { waypointSettings } from '../support/kube/waypoint-settings.ts'
import { gatewayStatusOf } from '../../src/controller/status/gateway-status.ts'

const folder = join(import.meta.dirname, 'gateways')
const now = '2026-01-01T00:00:00Z'

const readCase = (name: string): readonly LiveObject[] =>
  parseAllDocuments(readFileSync(join(folder, name, 'objects.yaml'), 'utf8')).map(
    // Of our own making.
    (document) => document.toJS() as LiveObject,
  )

const outcomeOf = (gateway: LiveObject, objects: readonly LiveObject[]): string => {
  const className = textAt(gateway, 'spec', 'gatewayClassName')
  const gatewayClass = objects.find(({ kind }) => kind === 'GatewayClass') ?? { metadata: { name: className } }
  const configMaps = new Map(
    objects
      .filter(({ kind }) => kind === 'ConfigMap')
      .map((one) => [`${textAt(one, 'metadata', 'namespace')}/${textAt(one, 'metadata', 'name')}`, one]),
  )
  const prepared = prepareGateway(gateway, {
    gatewayClass,
    configMaps,
    systemNamespace: 'fairway-system',
    settings: waypointSettings,
    reach: { namespaces: ['pay', 'shop', 'stock'], certificates: ['stock'], secrets: ['pay', 'shop'] },
  })
  const { plan, refusal, manifests } = prepared
  const hostname = `${plan.objectName}.${plan.namespace}.svc.cluster.local`
  const facts = {
    refusal,
    note: undefined,
    rolloutTrouble: undefined,
    failure: undefined,
    hostname,
    attachedRoutes: 2,
    now,
  }
  const waiting = gatewayStatusOf(gateway, { ...facts, readyReplicas: 0 })
  const serving = gatewayStatusOf({ ...gateway, status: waiting }, { ...facts, readyReplicas: 2 })
  const bare = gatewayStatusOf({ ...gateway, status: serving }, { ...facts, readyReplicas: 0 })
  const statuses =
    refusal === undefined
      ? [{ 'no replica is ready yet': waiting }, { 'two are ready': serving }, { 'none is ready any more': bare }]
      : [{ refused: waiting }]
  return [...manifests, ...statuses]
    .map((part) => stringify(part, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
}

describe('golden Gateways', () => {
  for (const name of readdirSync(folder)) {
    const objects = readCase(name)
    for (const gateway of objects.filter(({ kind }) => kind === 'Gateway')) {
      const file = join(folder, name, `${textAt(gateway, 'metadata', 'name').slice(0, 30)}.yaml`)
      it(`${name}: ${textAt(gateway, 'metadata', 'name')}`, () => {
        const text = outcomeOf(gateway, objects)
        if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
        assert.ok(existsSync(file), `${file} is missing: run once with UPDATE_GOLDEN=1`)
        assert.equal(text, readFileSync(file, 'utf8'))
      })
    }
  }
})
