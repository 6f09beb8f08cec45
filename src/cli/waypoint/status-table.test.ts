import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTerminal } from '../../../test/support/terminal.ts'
import type { Condition } from '../../model/condition.ts'
import { createColours } from '../terminal/colours.ts'
import type { Look } from '../terminal/print-as.ts'
import type { SelectedStatus } from './select-items.ts'
import { createDocument } from './status-document.ts'
import type { StatusItem } from './status-report.ts'
import { formatStatus } from './status-table.ts'

const at = (line: number) => ({ file: 'objects.yaml', line, column: 3 })

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'> & Partial<Condition>

const itemOf = (
  [kind, namespace, name]: readonly [string, string, string],
  said: readonly Said[],
  parts: Partial<StatusItem> = {},
): StatusItem => {
  const object = { kind, namespace, name }
  const conditions = said.map((condition) => ({ ...condition, object }))
  return { object, conditions, source: at(1), issues: [], ...parts }
}

const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'every rule is in force' } as const
const resolved = { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'found' } as const
const parent = 'Service shop/api:80'
const parentRef = { group: '', kind: 'Service', name: 'api', port: 80 } as const

const gateway = itemOf(['Gateway', 'shop', 'waypoint'], [{ ...accepted, message: 'this is it' }])
const fine = itemOf(
  ['HTTPRoute', 'shop', 'fine'],
  [
    { ...accepted, parent, parentRef, observedGeneration: 4 },
    { ...resolved, parent, parentRef },
  ],
)
const half = itemOf(
  ['HTTPRoute', 'shop', 'half'],
  [
    { ...accepted, parent },
    { ...resolved, parent, status: 'False', reason: 'BackendNotFound', message: 'no gone', position: at(12) },
    {
      ...{ type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', position: at(14) },
      message: 'Dropped Rule: 1 of 2 rules: spec.rules[1].x: unknown field: found "x"',
      parent,
    },
    {
      ...accepted,
      parent: 'Service shop/b',
      status: 'False',
      reason: 'NoMatchingParent',
      message: 'no b',
      position: at(9),
    },
  ],
  {
    issues: [
      {
        message: 'unknown field',
        path: 'spec.rules[1].x',
        found: 'x',
        object: 'HTTPRoute shop/half',
        position: at(14),
      },
    ],
  },
)
const broken = itemOf(
  ['Gateway', 'shop', 'broken'],
  [
    {
      ...accepted,
      status: 'False',
      reason: 'Invalid',
      message: 'spec.listeners: wrong value: found 5',
      position: at(20),
    },
  ],
  {
    issues: [
      { message: 'wrong value', path: 'spec.listeners', found: '5', object: 'Gateway shop/broken', position: at(20) },
    ],
  },
)
const cluster = itemOf(['GatewayClass', '', 'c'], [], {
  issues: [
    { message: 'm', path: 'spec.a', object: 'GatewayClass c', position: at(30) },
    { message: 'n', object: 'GatewayClass c', position: at(31) },
  ],
})
const foreign = itemOf(['TCPRoute', 'far', 'away'], [])

const statusOf = (items: readonly StatusItem[], parts: Partial<SelectedStatus> = {}): SelectedStatus => ({
  items,
  silent: new Map(),
  stray: [],
  ...parts,
})

const show = (status: SelectedStatus, look: Partial<Look> = {}): readonly string[] => {
  const colours = createColours(createTerminal().out, {})
  return formatStatus(status, { colours, isWide: false, maxWidth: undefined, ...look }).split('\n')
}

const all = statusOf([broken, gateway, cluster, fine, half, foreign], {
  silent: new Map([
    ['EndpointSlice', 2],
    ['Pod', 3],
  ]),
  stray: [{ message: 'no Kubernetes object but an array', position: { file: 'list.json', line: 1, column: 1 } }],
})

const findings = [
  'objects.yaml:20:3: Gateway shop/broken spec.listeners: wrong value: found 5',
  'objects.yaml:30:3: GatewayClass c spec.a: m',
  'objects.yaml:31:3: GatewayClass c: n',
  'objects.yaml:12:3: HTTPRoute shop/half at Service shop/api:80: ResolvedRefs is False (BackendNotFound): no gone',
  'objects.yaml:14:3: HTTPRoute shop/half at Service shop/api:80: PartiallyInvalid is True (UnsupportedValue): Dropped Rule: 1 of 2 rules',
  'objects.yaml:9:3: HTTPRoute shop/half at Service shop/b: Accepted is False (NoMatchingParent): no b',
  'objects.yaml:14:3: HTTPRoute shop/half spec.rules[1].x: unknown field: found "x"',
  'list.json:1:1: no Kubernetes object but an array',
]
const summary =
  '6 objects: 3 with findings, 1 in documents that are no objects; nothing to say of 2 EndpointSlice, 3 Pod'

test('a table has a row for each object, those with findings first, and each finding once', () => {
  assert.deepEqual(show(all), [
    'KIND          NAME           PARENT                          ACCEPTED  RESOLVEDREFS  OTHER             MESSAGE',
    'Gateway       shop/broken    -                               False     -             -                 spec.listeners: wrong value: found 5',
    'GatewayClass  c              -                               -         -             -                 spec.a: m; 1 more',
    'HTTPRoute     shop/half      Service shop/api:80 and 1 more  1 of 2    False         PartiallyInvalid  no gone',
    'Gateway       shop/waypoint  -                               True      -             -                 this is it',
    'HTTPRoute     shop/fine      Service shop/api:80             True      True          -                 every rule is in force',
    'TCPRoute      far/away       -                               -         -             -                 not of this waypoint: nothing refers to it here',
    '',
    summary,
    '',
    ...findings,
    '',
  ])
})

test('a wide table has a row for each parent, with reasons and places', () => {
  assert.deepEqual(show(all, { isWide: true }), [
    'KIND          NAME           PARENT               ACCEPTED                  RESOLVEDREFS             OTHER                                SOURCE             MESSAGE',
    'Gateway       shop/broken    -                    False (Invalid)           -                        -                                    objects.yaml:20:3  spec.listeners: wrong value: found 5',
    'GatewayClass  c              -                    -                         -                        -                                    objects.yaml:1:3   spec.a: m; 1 more',
    'HTTPRoute     shop/half      Service shop/api:80  True                      False (BackendNotFound)  PartiallyInvalid (UnsupportedValue)  objects.yaml:12:3  no gone',
    'HTTPRoute     shop/half      Service shop/b       False (NoMatchingParent)  -                        -                                    objects.yaml:9:3   no b',
    'Gateway       shop/waypoint  -                    True                      -                        -                                    objects.yaml:1:3   this is it',
    'HTTPRoute     shop/fine      Service shop/api:80  True                      True                     -                                    objects.yaml:1:3   every rule is in force',
    'TCPRoute      far/away       -                    -                         -                        -                                    objects.yaml:1:3   not of this waypoint: nothing refers to it here',
    '',
    summary,
    '',
    ...findings,
    '',
  ])
})

test('where nothing is wrong there are no findings', () => {
  assert.deepEqual(show(statusOf([gateway])), [
    'KIND     NAME           PARENT  ACCEPTED  RESOLVEDREFS  OTHER  MESSAGE',
    'Gateway  shop/waypoint  -       True      -             -      this is it',
    '',
    '1 object: all fine',
    '',
  ])
})

test('without objects there is no table', () => assert.deepEqual(show(statusOf([])), ['0 objects: all fine', '']))

test('a terminal cuts the rows and shows colours, and leaves the findings whole', () => {
  const { out } = createTerminal({ isTty: true })
  const lines = show(statusOf([half]), { colours: createColours(out, {}), maxWidth: 40 })
  assert.equal(lines[1], 'HTTPRoute  \x1b[1mshop/half\x1b[22m  Service shop/api:…')
  assert.equal(lines[3], '1 object: \x1b[31m1 with findings\x1b[39m')
  assert.deepEqual(lines.slice(5, -1), findings.slice(3, 7))
})

test('foreign text neither breaks lines nor shows secrets', () => {
  const message = 'a\nb\x9b2J "Authorization: Bearer hunter2x"'
  const [, row, , , , finding] = show(
    statusOf([itemOf(['Gateway', 'shop', 'a\nb'], [{ ...accepted, status: 'False', message }])]),
  )
  assert.match(row ?? '', /a\\u000ab .* a\\u000ab\\u009b2J "Authorization: \(hidden\)"$/)
  assert.match(finding ?? '', /^Gateway shop\/a\\u000ab: .*\(hidden\)"$/)
})

test('the document for machines is a Kubernetes List', () => {
  const { items, ...rest } = createDocument(statusOf([fine, half, cluster], { stray: all.stray }))
  assert.deepEqual(rest, {
    apiVersion: 'v1',
    kind: 'List',
    summary: { objects: 3, withFindings: 2, faults: 3, issues: 4 },
    issues: [...half.issues, ...cluster.issues, ...all.stray],
  })
  assert.deepEqual(items[0], {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { namespace: 'shop', name: 'fine' },
    status: {
      parents: [
        {
          parentRef,
          controllerName: 'fairway.dev/waypoint-controller',
          conditions: [{ ...accepted, observedGeneration: 4 }, resolved],
        },
      ],
    },
    source: at(1),
  })
  assert.deepEqual(items[1]?.faults, [
    { parent, type: 'ResolvedRefs', reason: 'BackendNotFound', source: at(12) },
    { parent, type: 'PartiallyInvalid', reason: 'UnsupportedValue', source: at(14) },
    { parent: 'Service shop/b', type: 'Accepted', reason: 'NoMatchingParent', source: at(9) },
  ])
})
