import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSidebar } from './sidebar.ts'
import { createSite, placeOf } from './site-pages.ts'

const places = {
  'README.md': 'overview.md',
  'CHANGELOG.md': 'changelog.md',
  'docs/README.md': 'contents.md',
  'docs/performance.md': 'performance.md',
  'docs/concepts/hbone.md': 'concepts/hbone.md',
  'docs/reference/kinds/README.md': 'reference/kinds/index.md',
  'examples/01-canary/README.md': 'examples/01-canary/index.md',
}
test('each page has its place', () => {
  for (const [from, to] of Object.entries(places)) assert.equal(placeOf(from), to)
})

const page = `# A

See [b](../b.md#there), [\`the\` example](../../examples/x/), [objects](../../examples/x/objects.yaml), [folder](../../src),
[elsewhere](https://example.com/a.md), [here](#a) and [nothing](../gone.md). In code \`[x](../b.md)\` stays.

\`\`\`
[y](../b.md) {{ z }}
\`\`\`
`

test('links lead to pages of the site, to files as text, or away; code stays as it is', () => {
  const { pages, files, dead } = createSite(
    [
      { path: 'docs/concepts/a.md', text: page },
      { path: 'docs/b.md', text: '# B\n' },
      { path: 'examples/x/README.md', text: '# X\n' },
    ],
    { kindOf: (name) => (name === 'src' ? 'folder' : name === 'examples/x/objects.yaml' ? 'file' : undefined) },
  )
  assert.equal(
    pages.get('concepts/a.md'),
    `# A

See [b](/b.md#there), [\`the\` example](/examples/x/), [objects](/files/examples/x/objects.yaml.txt), folder,
[elsewhere](https://example.com/a.md), [here](#a) and nothing. In code \`[x](../b.md)\` stays.

\`\`\`
[y](../b.md) {{ z }}
\`\`\`
`,
  )
  assert.deepEqual([...files], ['examples/x/objects.yaml'])
  assert.deepEqual(dead, ['docs/concepts/a.md: ../gone.md'])
})

test('pictures stay pictures', () => {
  const { pages, files } = createSite([{ path: 'docs/a.md', text: '![How it grows](x/growth.svg)\n' }], {
    kindOf: () => 'file',
  })
  assert.equal(pages.get('a.md'), '![How it grows](/files/docs/x/growth.svg)\n')
  assert.deepEqual([...files], ['docs/x/growth.svg'])
})

test('the sidebar has the groups and entries of the list of pages, and none that is no page', () => {
  const contents =
    '# All\n\nText\n\n## One\n\n- [A `b`](concepts/a.md)\n- [X](../examples/x/)\n\n## Two\n\n- [Gone](gone.md)\n'
  assert.deepEqual(
    readSidebar(contents, (name) => name !== 'gone.md'),
    [
      {
        text: 'One',
        collapsed: false,
        items: [
          { text: 'A b', link: '/concepts/a' },
          { text: 'X', link: '/examples/x/' },
        ],
      },
      { text: 'Two', collapsed: false, items: [] },
    ],
  )
})
