/** Filters that do what filters should not, each on a route of its own, beside one without any. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMesh, type Mesh } from './mesh.ts'
import { gateway, httpRoute, service } from './objects.ts'

const hook = (body: string, before = ''): string => `import { schema, type FilterDefinition } from 'fairway/filter'
${before}
const filter: FilterDefinition<{}> = {
  kind: 'Bad', stage: 'shape', config: schema.object({}),
  create: () => ({ onRequest: ({ request }) => {
    ${body}
  } }),
}
 export default filter
`

/** Code by file. */
const modules: Readonly<Record<string, string>> = {
  'throw.ts': hook(`throw new Error('no')`),
  'reject.ts': hook(`return Promise.reject(new Error('no'))`),
  'stray.ts': hook(`void Promise.reject(new Error('nobody catches this'))`),
  'wait.ts': hook(`return new Promise((resolve) => setTimeout(resolve, 10_000))`),
  'loop.ts': hook(`for (;;);`),
  'timer.ts': hook(`setTimeout(() => { for (;;); }, 10)`),
  // Only where it serves, so that no trial finds it.
  'boot.ts': hook('', `import { existsSync } from 'node:fs'`)
    .replace('=> ({ onRequest', `=> { while (process.connected && existsSync(config.file)); return { onRequest`)
    .replace('} }),', '} } },')
    .replace('create: ()', 'create: (config)')
    .replace('FilterDefinition<{}>', 'FilterDefinition<{ file: string }>')
    .replace('schema.object({})', 'schema.object({ file: schema.string() })'),
  'leak.ts': hook(`kept.push(new Array(256 * 1024).fill(kept.length))`, `const kept: unknown[] = []`),
  'gorge.ts': hook(`const all: unknown[] = []; for (;;) all.push(new Array(10_000).fill(all.length))`),
  'empty.ts': hook(``),
}

/** What a Filter says beside its name; default: the module of the same name, beside requests. */
interface FilterChanges {
  readonly module?: string
  readonly isolation?: 'None' | 'Thread'
  readonly config?: object
}

/** A mesh with one pod at `address`, the Filters that are named, a route `/NAME` for each, and one for all else. */
export const createFilterMesh = async (
  address: string,
  filters: Readonly<Record<string, FilterChanges>>,
): Promise<{ readonly mesh: Mesh; readonly filtersDir: string }> => {
  const mesh = await createMesh([
    gateway,
    ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address, port: 9080 }] }),
    ...Object.entries(filters).map(([name, changes]) => filterNamed(name, changes)),
    filterRoutes(Object.keys(filters)),
  ])
  const filtersDir = join(mesh.dir, 'filters')
  mkdirSync(filtersDir)
  for (const [file, text] of Object.entries(modules)) writeFileSync(join(filtersDir, file), text)
  await mesh.startPod('api', { address, port: 9080 })
  return { mesh, filtersDir }
}

const filterNamed = (name: string, changes: FilterChanges): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'Filter',
  metadata: { name, namespace: 'shop' },
  spec: { module: `${name}.ts`, budget: { wait: '300ms' }, ...changes },
})

const filterRoutes = (names: readonly string[]): object =>
  httpRoute('api', [
    ...names.map((name) => ({
      matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }],
      filters: [{ type: 'ExtensionRef', extensionRef: { group: 'fairway.dev', kind: 'Filter', name } }],
      backendRefs: [{ name: 'api', port: 80 }],
    })),
    { backendRefs: [{ name: 'api', port: 80 }] },
  ])
