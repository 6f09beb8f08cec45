import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import { followConfig, shopObjects, type FollowedConfig } from '../../../test/support/config/follow-config.ts'
import { formatPosition } from '../../lib/format-issue.ts'
import type { FilterObject } from '../objects/filter/filter-object.ts'
import type { ConfigUpdate } from '../update.ts'
import { startSettling } from './settle-filters.ts'

let root = ''
let followed: FollowedConfig | undefined
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-filters-'))
  mkdirSync(join(root, 'objects'))
  mkdirSync(join(root, 'filters'))
})
afterEach(async () => {
  await followed?.config.close()
  rmSync(root, { recursive: true, force: true })
  assert.deepEqual(followed?.failures ?? [], [])
})

const filter = (name: string, told: string, more = ''): string => `---
apiVersion: fairway.dev/v1alpha1
kind: Filter
metadata: { name: ${name}, namespace: shop }
spec:
  module: stamp.ts
  config: ${told}
  targetRefs: [{ kind: Service, name: api }]
${more}`

const stamp = (mark: string): string => `import type { FilterDefinition } from 'fairway/filter'
import { schema } from 'fairway/filter'

const stamp: FilterDefinition<{ readonly header: string }> = {
  kind: 'Stamp',
  stage: 'shape',
  config: schema.object({ header: schema.string({ minLength: 2 }) }),
  create: ({ header }) => ({ onRequest: ({ request }) => request.headers.set(header, '${mark}') }),
}; export default stamp
`

const writeObjects = (text: string): void => writeFileSync(join(root, 'objects', 'all.yaml'), shopObjects + text)
const writeModule = (text: string): void => {
  writeFileSync(join(root, 'filters', 'next'), text)
  renameSync(join(root, 'filters', 'next'), join(root, 'filters', 'stamp.ts'))
}

const start = (filtersDir?: string) => {
  followed = followConfig(join(root, 'objects'), filtersDir)
  return { ready: followed.config.ready, next: followed.next }
}

const inForce = ({ model }: ConfigUpdate): readonly string[] =>
  (model.services[0]?.filters ?? []).map(
    ({ user, config: told }) => `${user?.id} ${JSON.stringify(told)} ${user?.module.slice(0, 6)} ${user?.version}`,
  )
const conditionsOf = ({ conditions }: ConfigUpdate): readonly string[] =>
  conditions
    .filter(({ object }) => object.kind === 'Filter')
    .map(({ object, type, status, message, position }) => {
      const at = position === undefined ? '' : ` (${formatPosition(position).replace(root, '')})`
      return `${object.name} ${type}=${status} ${message.replaceAll(root, '')}${at}`
    })

it('a version is in force when it has been tried, and the last good one until then', async () => {
  writeModule(stamp('one'))
  writeObjects(filter('stamp', '{ header: x-a }'))
  const { ready, next } = start(join(root, 'filters'))
  const first = await ready
  const [before = ''] = inForce(first)
  const [, , module = '', version = ''] = before.split(' ')
  assert.match(before, /^shop\/stamp \{"header":"x-a"\} [0-9a-f]{6} [0-9a-f]{8}$/)
  assert.deepEqual(conditionsOf(first), [
    'stamp Accepted=True it acts on Service shop/api',
    `stamp Programmed=True version ${version} of stamp.ts is in force`,
  ])
  assert.equal(first.model.filterModules?.length, 1)

  const goesOn = `; version ${version} of stamp.ts goes on`
  writeModule(stamp('one').replace('const stamp:', 'const stamp'))
  const broken = await next()
  assert.deepEqual(inForce(broken), [before])
  assert.match(conditionsOf(broken)[1] ?? '', /^stamp Programmed=False stamp\.ts:\d+: cannot be read as TypeScript: /)
  assert.equal(conditionsOf(broken)[1]?.endsWith(`${goesOn} (/objects/all.yaml:15:3)`), true)

  unlinkSync(join(root, 'filters', 'stamp.ts'))
  const gone = await next()
  assert.deepEqual(inForce(gone), [before])
  assert.match(
    conditionsOf(gone)[1] ?? '',
    /stamp\.ts: there is no readable file stamp\.ts in \/filters; version .* goes on/,
  )

  writeModule(stamp('two'))
  const second = await next()
  const [after = ''] = inForce(second)
  assert.notEqual(after.split(' ')[2], module)
  assert.notEqual(after.split(' ')[3], version)
  assert.equal(conditionsOf(second)[1]?.split(' ')[1], 'Programmed=True')

  writeObjects(filter('stamp', '{ header: x }'))
  const refused = await next()
  assert.deepEqual(inForce(refused), [after])
  assert.match(
    conditionsOf(refused)[1] ?? '',
    /^stamp Programmed=False spec\.config\.header: wrong value: found "x", expected at least 2 characters; .* goes on \(\/objects\/all\.yaml:16:13\)$/,
  )

  writeObjects(
    filter('stamp', '{ header: x-b }') +
      filter('other', '{ header: x-c }') +
      filter('bad', '{}', '  failureMode: Open\n'),
  )
  const several = await next()
  const [one = '', two = ''] = inForce(several)
  assert.equal(inForce(several).length, 2)
  assert.match(one, /^shop\/other \{"header":"x-c"\}/)
  assert.match(two, /^shop\/stamp \{"header":"x-b"\}/)
  assert.equal(one.split(' ')[2], two.split(' ')[2])
  assert.equal(several.model.filterModules?.length, 1)
  assert.equal(several.model.services[0]?.closed, undefined)
  assert.match(
    conditionsOf(several)[1] ?? '',
    /^bad Programmed=False .*spec\.config\.header: .*; requests pass without it/,
  )

  writeObjects('')
  const none = await next()
  assert.deepEqual(inForce(none), [])
  assert.equal(none.model.filterModules, undefined)
})

it('what a Filter without a good version is for is closed, whether it names it or is referred to', async () => {
  const rule = (name: string, of: string): string =>
    `{ name: ${name}, filters: [{ type: ExtensionRef, extensionRef: { group: fairway.dev, kind: Filter, name: ${of} } }], backendRefs: [{ name: api, port: 80 }] }`
  writeModule('export const nothing = 1\n')
  writeFileSync(join(root, 'filters', 'good.ts'), stamp('good'))
  writeObjects(
    `${filter('stamp', '{}')}${filter('good', '{ header: x-a }')
      .replace('stamp.ts', 'good.ts')
      .replace(/ {2}targetRefs.*\n/, '')}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: shop }
spec: { parentRefs: [{ group: '', kind: Service, name: api }], rules: [${rule('a', 'stamp')}, ${rule('b', 'missing')}, ${rule('c', 'good')}] }
`,
  )
  const update = await start(join(root, 'filters')).ready
  const why = /^Filter shop\/stamp: stamp\.ts:1: wrong default export: found nothing/
  assert.match(update.model.services[0]?.closed ?? '', why)
  const [a, b, c] = update.model.routes[0]?.rules ?? []
  assert.equal(a?.closed?.status, 500)
  assert.match(a?.closed?.reason ?? '', why)
  assert.deepEqual(b?.closed, { status: 500, reason: 'there is no readable Filter shop/missing' })
  assert.equal(c?.closed, undefined)
  assert.deepEqual(
    c?.filters.map(({ kind, origin, user }) => [kind, origin, user?.id, user?.hooks]),
    [['Stamp', 'HTTPRoute shop/r rules[2].filters[0]', 'shop/good', ['onRequest']]],
  )
  const resolved = update.conditions.find(({ type }) => type === 'ResolvedRefs')
  assert.equal(resolved?.status, 'False')
  assert.match(
    resolved.message,
    /rules\[0\]\.filters\[0\]\.extensionRef: Filter shop\/stamp: .*rules\[1\].*no readable Filter/,
  )
  assert.match(conditionsOf(update)[0] ?? '', /^good Accepted=True it acts where rules refer to it$/)
})

it('a ConfigMap that is swapped under its link is another version', async () => {
  const folder = join(root, 'filters')
  for (const version of ['one', 'two']) {
    mkdirSync(join(folder, `..${version}`))
    writeFileSync(join(folder, `..${version}`, 'stamp.ts'), stamp(version))
  }
  symlinkSync('..one', join(folder, '..data'))
  symlinkSync('..data/stamp.ts', join(folder, 'stamp.ts'))
  writeObjects(filter('stamp', '{ header: x-a }'))
  const { ready, next } = start(join(root, 'filters'))
  const first = await ready
  symlinkSync('..two', join(folder, '..next'))
  renameSync(join(folder, '..next'), join(folder, '..data'))
  const second = await next()
  assert.notDeepEqual(inForce(second), inForce(first))
  assert.match(conditionsOf(second)[1] ?? '', /Programmed=True/)
})

it('without a folder of filters, what they are for is closed, and that is said', async () => {
  writeObjects(filter('stamp', '{ header: x-a }'))
  const update = await start().ready
  assert.match(
    update.model.services[0]?.closed ?? '',
    /^Filter shop\/stamp: there is no folder of filters: name it with --filters DIR$/,
  )
})

it('a trial that takes long holds up nothing but its own Filter', async () => {
  const object = (name: string, module: string): FilterObject => ({
    kind: 'Filter',
    as: 'Filter',
    metadata: { name, namespace: 'shop', labels: {}, annotations: {}, owners: [] },
    targetRefs: [],
    content: {
      kind: 'user',
      module,
      config: { header: 'x-a' },
      settings: { hookMs: 10, waitMs: 1000, isolation: 'none' },
    },
    failureMode: 'closed',
    defects: [],
  })
  writeModule(stamp('one'))
  writeFileSync(
    join(root, 'filters', 'slow.ts'),
    stamp('one').replace('  create', '  warmUp: () => new Promise(() => setInterval(() => {}, 1000)),\n  create'),
  )
  const told: string[][] = []
  let wake = (): void => {}
  const settling = startSettling(join(root, 'filters'), {
    onSettled: (versions) => {
      told.push(Array.from(versions, ([id, { refused }]) => `${id} ${refused?.message ?? 'in force'}`))
      wake()
    },
    onFailure: (error) => assert.fail(String(error)),
    patienceMs: 1,
  })
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  try {
    const good = object('good', 'stamp.ts')
    assert.equal(settling.take([good]), false)
    await next()
    const slow = object('slow', 'slow.ts')
    assert.equal(settling.take([good, slow]), false)
    await next()
    assert.equal(settling.take([good, slow, object('more', 'stamp.ts')]), true)
    while (told.at(-1)?.some((line) => line.includes('being tried'))) await next()
    assert.deepEqual(told[0], ['shop/good in force'])
    assert.deepEqual(told[1], ['shop/good in force', 'shop/slow it is still being tried'])
    assert.deepEqual(told[2]?.slice(0, 2), told[1])
    assert.match(told.at(-1)?.[1] ?? '', /^shop\/slow slow\.ts:\d+: warmUp was not done after 2000 ms/)
    assert.equal(told.at(-1)?.[2], 'shop/more in force')
  } finally {
    settling.close()
  }
})
