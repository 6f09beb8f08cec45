/** What `fairway filter new` writes: a filter that works, with its test, an object that configures it, and a page. */

/** A file by its path inside the new folder. */
export interface SkeletonFile {
  readonly path: string
  readonly text: string
}

/** The files of a filter of that name (`stamp-version`). */
export const createSkeleton = (name: string): readonly SkeletonFile[] => [
  { path: `${name}.ts`, text: codeOf(name) },
  { path: `${name}.test.ts`, text: testOf(name) },
  { path: 'filter.yaml', text: objectOf(name) },
  { path: 'README.md', text: pageOf(name) },
]

/**
 * A tsconfig.json for a folder from which the package `fairway` cannot be resolved, so that editors and `tsc` find the
 * contract: `root` is the package's folder as seen from there.
 */
export const createTsconfig = (root: string): string =>
  `${JSON.stringify(
    {
      compilerOptions: {
        target: 'esnext',
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['esnext'],
        types: ['node'],
        typeRoots: [`${root}/node_modules/@types`],
        paths: {
          'fairway/filter': [`${root}/src/filter/index.js`],
          'fairway/filter/testing': [`${root}/src/filter/testing.js`],
        },
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
      },
      include: ['.'],
    },
    null,
    2,
  )}\n`

const pascal = (name: string): string => name.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

const codeOf = (name: string): string => `import { schema, type FilterDefinition } from 'fairway/filter'

const config = schema.object({
  header: schema.documented(schema.string({ minLength: 1 }), 'The header that requests get.'),
  value: schema.documented(schema.string(), 'What it is set to.'),
})

/** Sets one header of each request, whatever the client sent there. */
const ${camel(name)}: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: '${pascal(name)}',
  stage: 'shape',
  config,
  create: ({ header, value }) => ({
    onRequest({ request }) {
      request.headers.set(header, value)
    },
  }),
}

${lastLine(camel(name))}`

const lastLine = (name: string): string => `export default ${name}\n`

const testOf = (name: string): string => `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import ${camel(name)} from './${name}.ts'

test('the header is set over what the client sent', async () => {
  const config = { header: 'x-version', value: '2' }
  const { request } = await runFilter(${camel(name)}, config, { exchange: { headers: [['x-version', '1']] } })
  assert.equal(request.headers.get('x-version'), '2')
})

test('a configuration without a header is refused', async () => {
  await assert.rejects(runFilter(${camel(name)}, { value: '2' }), /header/)
})
`

const objectOf = (name: string): string => `apiVersion: fairway.dev/v1alpha1
kind: Filter
metadata:
  name: ${name}
  namespace: default
spec:
  module: ${name}.ts
  config:
    header: x-version
    value: '1'
  # All requests to Service api of this namespace pass it.
  targetRefs:
    - group: ''
      kind: Service
      name: api
`

const pageOf = (name: string): string => `# ${pascal(name)}

Sets one header of each request. Stage \`shape\`.

| field    | meaning                      |
| -------- | ---------------------------- |
| \`header\` | the header that requests get |
| \`value\`  | what it is set to            |

\`\`\`
fairway filter test     # its tests
fairway filter dev      # with live reload, in front of an echo
\`\`\`

In a waypoint: \`fairway run --filters DIR -f filter.yaml …\`, where DIR is this folder.
`
