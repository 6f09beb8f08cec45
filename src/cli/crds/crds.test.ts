import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { createTerminal } from '../../../test/support/terminal.ts'
import type { KubeClient, KubeJson } from '../../kube/client.ts'
import { failed, type KubeResult } from '../../kube/failure.ts'
import { CliError } from '../verb.ts'
import { putDefinition, readDefinitions, type PutOptions } from './definitions.ts'
import { generateCrdsVerb } from './generate.ts'

const definition = (more: Partial<KubeJson> = {}): KubeJson => ({
  metadata: { name: 'things.fairway.dev', labels: { ours: 'yes' } },
  spec: { versions: ['new'] },
  ...more,
})

const good = (value: KubeJson): KubeResult<KubeJson> => ({ ok: true, value })
const bad = (status: number, reason: string, message = ''): KubeResult<KubeJson> =>
  failed({ asked: 'PUT https://10.0.0.1/x', status, reason, message })

/** A server that holds one definition, or none; `refusals` come before it does what it is asked. */
const createServer = (
  there: KubeJson | undefined,
  refusals: KubeResult<KubeJson>[] = [],
): PutOptions['client'] & { readonly held: () => KubeJson | undefined; readonly writes: () => number } => {
  let held = there
  let writes = 0
  const write: KubeClient['update'] = (_, object, { isDryRun }) => {
    writes++
    const refusal = refusals.shift()
    if (refusal !== undefined) return Promise.resolve(refusal)
    if (isDryRun !== true) held = object
    return Promise.resolve(good(object))
  }
  return {
    get: () => Promise.resolve(held === undefined ? bad(404, 'NotFound', 'things "x" not found') : good(held)),
    create: write,
    update: write,
    held: () => held,
    writes: () => writes,
  }
}

test('what is missing is created', async () => {
  const client = createServer(undefined)
  assert.equal(await putDefinition(definition(), { client, isDryRun: false }), 'created')
  assert.deepEqual(client.held(), definition())
})

test('an older one is replaced as a whole; what others wrote on it stays', async () => {
  const client = createServer({
    metadata: {
      name: 'things.fairway.dev',
      resourceVersion: '7',
      labels: { theirs: 'yes' },
      annotations: { 'meta.helm.sh/release-name': 'fairway' },
      finalizers: ['x'],
    },
    spec: { versions: ['old'], left: 'over' },
    status: { storedVersions: ['v1alpha1'] },
  })
  assert.equal(await putDefinition(definition(), { client, isDryRun: false }), 'changed')
  assert.deepEqual(client.held(), {
    metadata: {
      name: 'things.fairway.dev',
      resourceVersion: '7',
      labels: { theirs: 'yes', ours: 'yes' },
      annotations: { 'meta.helm.sh/release-name': 'fairway' },
      finalizers: ['x'],
    },
    spec: { versions: ['new'] },
  })
})

test('one that is up to date is unchanged', async () => {
  const client = createServer(definition())
  assert.equal(await putDefinition(definition(), { client, isDryRun: false }), 'unchanged')
})

test('a dry run keeps nothing', async () => {
  const client = createServer(undefined)
  assert.equal(await putDefinition(definition(), { client, isDryRun: true }), 'created')
  assert.equal(client.held(), undefined)
})

for (const [what, there, refusal] of [
  ['changed', definition({ spec: {} }), bad(409, 'Conflict')],
  ['deleted', definition({ spec: {} }), bad(404, 'NotFound')],
  ['created', undefined, bad(409, 'AlreadyExists')],
] as const) {
  test(`it is looked at again when somebody else has ${what} it meanwhile, and not for ever`, async () => {
    const client = createServer(there, [refusal, refusal])
    await putDefinition(definition(), { client, isDryRun: false })
    assert.equal(client.writes(), 3)
    const hopeless = createServer(
      there,
      Array.from({ length: 9 }, () => refusal),
    )
    await assert.rejects(putDefinition(definition(), { client: hopeless, isDryRun: false }), CliError)
    assert.equal(hopeless.writes(), 4)
  })
}

test('what the API server refuses is told', async () => {
  const message =
    'customresourcedefinitions.apiextensions.k8s.io "things.fairway.dev" is forbidden: User "bob" cannot update resource "customresourcedefinitions" in API group "apiextensions.k8s.io" at the cluster scope'
  const client = createServer(definition({ spec: {} }), [bad(403, 'Forbidden', message)])
  await assert.rejects(
    putDefinition(definition(), { client, isDryRun: false }),
    (error) =>
      error instanceof CliError &&
      error.exitCode === 77 &&
      error.message.startsWith('cannot change CustomResourceDefinition things.fairway.dev: user "bob" may not update'),
  )
})

test('generate prints all of them, as the chart has them', async () => {
  const terminal = createTerminal()
  assert.equal(await generateCrdsVerb.run([], terminal), 0)
  const kinds = parseAllDocuments(terminal.stdout()).map((document): unknown => document.toJS())
  assert.deepEqual(kinds, readDefinitions())
  const names = createTerminal()
  await generateCrdsVerb.run(['-o', 'name'], names)
  assert.match(names.stdout(), /^customresourcedefinition\/apikeys\.fairway\.dev\n/)
  assert.equal(names.stdout().trim().split('\n').length, kinds.length)
})
