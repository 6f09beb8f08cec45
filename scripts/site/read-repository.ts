import { globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Repository, SourcePage } from './site-pages.ts'

const PAGES = [
  '*.md',
  'docs/**/*.md',
  'filters/*/README.md',
  'examples/**/README.md',
  'test/*/README.md',
  'charts/*/README.md',
]

/** The pages of the repository at `root` that are for readers. */
export const readPages = (root: string): readonly SourcePage[] =>
  globSync(PAGES, { cwd: root, exclude: ['**/node_modules/**'] })
    .map((name) => name.split(path.sep).join('/'))
    .toSorted()
    .map((name) => ({ path: name, text: readFileSync(path.join(root, name), 'utf8') }))

/** The list of decisions, which lie in a folder without a page of its own. */
export const listDecisions = (pages: readonly SourcePage[]): SourcePage => {
  const entries = pages.flatMap(({ path: file, text }) => {
    const [, name] = /^docs\/decisions\/(\d[^/]*\.md)$/.exec(file) ?? []
    const [, title = ''] = /^# (.*)$/m.exec(text) ?? []
    return name === undefined ? [] : [`- [${title}](${name})\n`]
  })
  const text = `# Decisions\n\nWhy things are as they are, one page for each choice that was hard.\n\n${entries.join('')}`
  return { path: 'docs/decisions/README.md', text }
}

/** What is there. */
export const createRepository = (root: string): Repository => ({
  kindOf: (name) => {
    const stats = statSync(path.join(root, name), { throwIfNoEntry: false })
    return stats === undefined ? undefined : stats.isDirectory() ? 'folder' : 'file'
  },
})
