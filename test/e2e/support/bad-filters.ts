/** Filters that do what filters should not, each on a route of its own, beside one without any. */
import { httpRoute } from './objects.ts'

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

/** Writes all of them. */
export const writeFilters = (_dir: string, write: (file: string, text: string) => void): void => {
  for (const [file, text] of Object.entries(modules)) write(file, text)
}

/** The object of one; default: the module of the same name, beside requests. */
export const filterNamed = (
  name: string,
  spec: {
    readonly module?: string
    readonly isolation?: 'None' | 'Thread'
    readonly failureMode?: 'Open' | 'Closed'
    readonly config?: object
  } = {},
): object => ({
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'Filter',
  metadata: { name, namespace: 'shop' },
  spec: { module: `${name}.ts`, budget: { wait: '300ms' }, ...spec },
})

/** A route `/NAME` for each, and one for all else. */
export const filterRoutes = (names: readonly string[]): readonly object[] => [
  httpRoute('api', [
    ...names.map((name) => ({
      matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }],
      filters: [{ type: 'ExtensionRef', extensionRef: { group: 'fairway.dev', kind: 'Filter', name } }],
      backendRefs: [{ name: 'api', port: 80 }],
    })),
    { backendRefs: [{ name: 'api', port: 80 }] },
  ]),
]
