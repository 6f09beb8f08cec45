import assert from 'node:assert/strict'
import { it } from 'node:test'
import { userFilter } from '../../../test/support/filters/user-filter.ts'
import { modelOf, routeOf, serviceOf } from '../../../test/support/models.ts'
import type { FilterSpec, UserFilter } from '../../model/filter-spec.ts'
import { compile } from '../compile.ts'
import { explainRequest } from '../explain.ts'

const specOf = (name: string, changes: Partial<UserFilter> = {}): FilterSpec => ({
  kind: 'Stamp',
  config: {},
  origin: `Filter shop/${name}`,
  user: { ...userFilter, id: `shop/${name}`, ...changes },
})

it('a decision names the filters of users that the request meets, and those that are not called', () => {
  const route = routeOf('web', [{ filters: [specOf('rule', { failureMode: 'open', isolation: 'thread' })] }])
  const model = modelOf([route])
  const services = model.services.map((service) => ({ ...service, filters: [specOf('service')] }))
  const snapshot = compile({ ...model, services }, { generation: 1, filters: () => ({ stage: 'shape', filter: {} }) })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [] }
  const { reasons } = explainRequest(
    snapshot,
    { ...query, sourceNamespace: 'shop' },
    { filterStateOf: ({ id }) => (id === 'shop/rule' ? 'filter shop/rule is quarantined' : undefined) },
  )
  assert.deepEqual(
    reasons.filter((line) => line.startsWith('filter ')),
    [
      'filter shop/service (Stamp, version v1) of the Service is called: 500 when it fails',
      'filter shop/rule (Stamp, version v1) of the rule is called, in a thread of its own: as if it were not there when it fails',
      'filter shop/rule is quarantined',
    ],
  )
})

it('those of the port, and those that all Pods have, are named as well', () => {
  const pod = { key: 'shop/p', addresses: ['10.1.0.1'], transport: 'plain', workload: { uid: 'p' } } as const
  const model = modelOf([], {
    trafficType: 'all',
    pods: [pod],
    podFilters: [specOf('pods')],
    services: [serviceOf({ filters: [specOf('port')] })],
  })
  const snapshot = compile(model, { generation: 1, filters: () => ({ stage: 'shape', filter: {} }) })
  const namesAt = (authority: string): readonly string[] =>
    explainRequest(snapshot, {
      authority,
      method: 'GET',
      target: '/',
      headers: [],
      sourceNamespace: 'shop',
    }).reasons.filter((line) => line.startsWith('filter '))
  assert.deepEqual(namesAt('10.96.0.12:80'), [
    'filter shop/port (Stamp, version v1) of its port is called: 500 when it fails',
  ])
  assert.deepEqual(namesAt('10.1.0.1:8080'), [
    'filter shop/pods (Stamp, version v1) of the Gateway is called: 500 when it fails',
  ])
})
