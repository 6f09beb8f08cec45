/** `fairway waypoint status` as its users start it, on the golden cases: it says what `translate` says, all of it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Condition } from '../../src/model/condition.ts'
import { startProcess } from './support/fairway-process.ts'
import { createMesh } from './support/mesh.ts'
import { backend, gateway, httpRoute, service } from './support/objects.ts'

interface ShownCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

interface ShownEntry {
  readonly parentRef?: ShownReference
  readonly ancestorRef?: ShownReference
  readonly controllerName: string
  readonly conditions: readonly ShownCondition[]
}

interface ShownReference {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly sectionName?: string
  readonly port?: number
}

interface Shown {
  readonly apiVersion: string
  readonly kind: string
  readonly items: readonly {
    readonly kind: string
    readonly metadata: { readonly namespace?: string; readonly name: string }
    readonly status: {
      readonly parents?: readonly ShownEntry[]
      readonly ancestors?: readonly ShownEntry[]
      readonly conditions?: readonly ShownCondition[]
    }
    readonly source?: unknown
    readonly faults?: readonly object[]
  }[]
  readonly issues: readonly object[]
}

const golden = join(import.meta.dirname, '../golden')
const cases = readdirSync(golden).filter((name) => existsSync(join(golden, name, 'objects.yaml')))

const run = async (args: readonly string[], cwd: string) => {
  await using child = startProcess(['waypoint', 'status', ...args], { cwd })
  const { code } = await child.ended
  return { code, stdout: child.stdout(), stderr: child.stderr() }
}

/** One text for each condition, by which both sides can be compared. */
const textsOf = ({ items }: Shown): readonly string[] =>
  items.flatMap(({ kind, metadata: { namespace = '', name }, status }) => {
    const texts = (conditions: readonly ShownCondition[], ref: ShownReference | undefined): readonly string[] =>
      conditions.map(({ type, status: value, reason, message }) => {
        const port = ref?.port === undefined ? '' : `:${ref.port}`
        const section = ref?.sectionName === undefined ? '' : `#${ref.sectionName}`
        const parent = ref === undefined ? '' : `${ref.kind} ${ref.namespace ?? namespace}/${ref.name}${port}${section}`
        return [kind, namespace, name, parent, type, value, reason, message].join(' | ')
      })
    return [
      ...(status.parents ?? []).flatMap((entry) => texts(entry.conditions, entry.parentRef)),
      ...(status.ancestors ?? []).flatMap((entry) => texts(entry.conditions, entry.ancestorRef)),
      ...texts(status.conditions ?? [], undefined),
    ]
  })

const expectedTexts = (conditions: readonly Condition[]): readonly string[] =>
  conditions.map(({ object: { kind, namespace, name }, parent = '', type, status, reason, message }) =>
    [kind, namespace, name, parent, type, status, reason, message].join(' | '),
  )

describe('fairway waypoint status on the golden cases', () => {
  it('there are some', () => assert.ok(cases.length > 5))
  for (const name of cases) {
    it(`${name}: has every condition in its place, and the exit code that follows`, async () => {
      const folder = join(golden, name)
      // What `translate` gave, written by the golden test.
      const conditions = JSON.parse(readFileSync(join(folder, 'conditions.json'), 'utf8')) as readonly Condition[]
      const issues = readFileSync(join(folder, 'issues.txt'), 'utf8').split('\n').slice(0, -1)
      const { code, stdout, stderr } = await run(['-f', 'objects.yaml', '-o', 'json'], folder)
      const shown = JSON.parse(stdout) as Shown
      assert.deepEqual(textsOf(shown).toSorted(), expectedTexts(conditions).toSorted())
      assert.equal(shown.issues.length, issues.length)
      const isFine = shown.issues.length === 0 && shown.items.every(({ faults }) => faults === undefined)
      assert.equal(code, isFine ? 0 : 79, stderr)

      const table = await run(['-f', 'objects.yaml'], folder)
      assert.equal(table.code, code)
      const lines = new Set(table.stdout.split('\n'))
      for (const line of issues) assert.ok(lines.has(line), `the table leaves out ${line}`)
    })
  }
})

it('the admin API shows the same of a waypoint that runs', async () => {
  await using mesh = await createMesh([
    gateway,
    ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: '127.71.31.1', port: 9080 }] }),
    httpRoute('api', [{ backendRefs: [backend('api')] }, { backendRefs: [backend('gone')] }]),
  ])
  const fairway = await mesh.startFairway(1)
  const { code, stdout } = await run(['-f', mesh.objectsFile, '-o', 'json'], mesh.dir)
  assert.equal(code, 79)
  const shown = JSON.parse(stdout) as Shown
  // The endpoint's document has no fields but these.
  const served = (await fairway.admin('/status')) as Shown
  assert.deepEqual([served.apiVersion, served.kind], [shown.apiVersion, shown.kind])
  assert.deepEqual(textsOf(served).toSorted(), textsOf(shown).toSorted())
  assert.ok(
    served.items.some(({ status }) =>
      status.parents?.[0]?.conditions.some(({ reason }) => reason === 'BackendNotFound'),
    ),
  )
})
