/** The sidebar, from the list of all pages in docs/README.md: a heading is a group, an entry of its lists a page. */
import { placeOf } from './site-pages.ts'
import path from 'node:path'

/** What the site's theme takes. */
export interface SidebarGroup {
  readonly text: string
  readonly collapsed: boolean
  readonly items: readonly { readonly text: string; readonly link: string }[]
}

/** Groups open at first; others are a click away. */
const OPEN_GROUPS = 3

/** Reads the list of pages; links count from the folder `docs`, and those to what is no page of the site are left out. */
export const readSidebar = (contents: string, isPage: (path: string) => boolean): readonly SidebarGroup[] =>
  contents
    .split(/^## /m)
    .slice(1)
    .map((section, index) => {
      const [heading = '', ...lines] = section.split('\n')
      const links = Array.from(lines.join('\n').matchAll(/\[([^\]]+)\]\(([^)\s#]+)\)/g))
      return {
        text: heading.trim(),
        collapsed: index >= OPEN_GROUPS,
        items: links.flatMap(([, text = '', target = '']) => {
          const page = pageOf(target)
          return isPage(page) ? [{ text: text.replaceAll('`', ''), link: linkTo(page) }] : []
        }),
      }
    })

const pageOf = (target: string): string => {
  const file = path.posix.normalize(path.posix.join('docs', target)).replace(/\/$/, '')
  return placeOf(file.endsWith('.md') ? file : `${file}/README.md`)
}

const linkTo = (page: string): string => `/${page.replace(/(?:^|(?<=\/))index\.md$/, '').replace(/\.md$/, '')}`
