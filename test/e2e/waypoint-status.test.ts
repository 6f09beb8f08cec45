/** `fairway waypoint status` on the golden cases, and beside a waypoint that runs: it says what `translate` says, all of it. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runProgram } from '../../src/cli/program.ts'
import { verbs } from '../../src/cli/verbs.ts'
import type { Condition } from '../../src/model/condition.ts'
import { createTerminal } from '../support/terminal.ts'
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
  const terminal = createTerminal({ cwd })
  const code = await runProgram({ version: '1.0.0', verbs }, ['waypoint', 'status', ...args], terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

/** What a case is translated with: its MeshConfig where it has one, and a trust domain that is known. */
const meshOf = (folder: string): readonly string[] =>
  existsSync(join(folder, 'mesh.yaml')) ? ['--mesh-config', 'mesh.yaml'] : ['--trust-domain', 'cluster.local']

interface Told {
  readonly object: string
  readonly parent: string
  readonly condition: ShownCondition
}

/** Each condition with what it is about, in words that both sides have. */
const toldBy = ({ items }: Shown): readonly Told[] =>
  items.flatMap(({ kind, metadata: { namespace = '', name }, status }) => {
    const object = `${kind} ${namespace}/${name}`
    const tell = (conditions: readonly ShownCondition[], ref: ShownReference | undefined): readonly Told[] => {
      const port = ref?.port === undefined ? '' : `:${ref.port}`
      const section = ref?.sectionName === undefined ? '' : `#${ref.sectionName}`
      const parent = ref === undefined ? '' : `${ref.kind} ${ref.namespace ?? namespace}/${ref.name}${port}${section}`
      return conditions.map((condition) => ({ object, parent, condition }))
    }
    return [
      ...(status.parents ?? []).flatMap((entry) => tell(entry.conditions, entry.parentRef)),
      ...(status.ancestors ?? []).flatMap((entry) => tell(entry.conditions, entry.ancestorRef)),
      ...tell(status.conditions ?? [], undefined),
    ]
  })

const keyOf = ({ object, parent, condition: { type } }: Told): string => `${object} | ${parent} | ${type}`

/** Of one type there is one condition for each object and parent, which says all that is bad. */
const assertTold = (told: readonly Told[], conditions: readonly Condition[]): void => {
  const shown = new Map(told.map((item) => [keyOf(item), item.condition]))
  assert.equal(shown.size, told.length, 'a type comes twice')
  const wanted = conditions.map(({ object: { kind, namespace, name }, parent = '', ...condition }) => ({
    object: `${kind} ${namespace}/${name}`,
    parent,
    condition,
  }))
  assert.deepEqual([...shown.keys()].toSorted(), [...new Set(wanted.map(keyOf))].toSorted())
  for (const item of wanted) {
    const { status, message } = shown.get(keyOf(item)) ?? {}
    assert.equal(status, item.condition.status, keyOf(item))
    assert.ok(message?.includes(item.condition.message), `${keyOf(item)} leaves out ${item.condition.message}`)
  }
}

describe('fairway waypoint status on the golden cases', () => {
  it('there are some', () => assert.ok(cases.length > 5))
  for (const name of cases) {
    it(`${name}: has every condition in its place, and the exit code that follows`, async () => {
      const folder = join(golden, name)
      // What `translate` gave, written by the golden test.
      const conditions = JSON.parse(readFileSync(join(folder, 'conditions.json'), 'utf8')) as readonly Condition[]
      const issues = readFileSync(join(folder, 'issues.txt'), 'utf8').split('\n').slice(0, -1)
      const { code, stdout, stderr } = await run(['-f', 'objects.yaml', ...meshOf(folder), '-o', 'json'], folder)
      const shown = JSON.parse(stdout) as Shown
      assertTold(toldBy(shown), conditions)
      assert.equal(shown.issues.length, issues.length)
      const isFine = shown.issues.length === 0 && shown.items.every(({ faults }) => faults === undefined)
      assert.equal(code, isFine ? 0 : 79, stderr)

      const table = await run(['-f', 'objects.yaml', ...meshOf(folder)], folder)
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
  // As its users start it.
  await using child = startProcess(['waypoint', 'status', '-f', mesh.objectsFile, '-o', 'json'])
  assert.equal((await child.ended).code, 79)
  const shown = JSON.parse(child.stdout()) as Shown
  // The endpoint's document has no fields but these.
  const served = (await fairway.admin('/status')) as Shown
  assert.deepEqual([served.apiVersion, served.kind], [shown.apiVersion, shown.kind])
  assert.deepEqual(toldBy(served), toldBy(shown))
  assert.ok(
    served.items.some(({ status }) =>
      status.parents?.[0]?.conditions.some(({ reason }) => reason === 'BackendNotFound'),
    ),
  )
})
