import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'

const sidebar = JSON.parse(readFileSync(new URL('../.pages/sidebar.json', import.meta.url), 'utf8'))

/** Anchors as the repository's own pages have them, and its test of links. */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** The generator takes two braces for an expression, in code within a line, too. */
const escapeBraces = (markdown) => {
  for (const rule of ['code_inline', 'text']) {
    const render = markdown.renderer.rules[rule]
    markdown.renderer.rules[rule] = (...args) => render(...args).replaceAll('{{', '<span v-pre>{{</span>')
  }
}

export default defineConfig({
  lang: 'en',
  title: 'Fairway',
  description: 'The programmable waypoint: an L7 proxy for service meshes without sidecars, in TypeScript',
  base: process.env.FAIRWAY_SITE_BASE ?? '/',
  srcDir: '.pages',
  outDir: 'dist',
  cacheDir: '.cache',
  cleanUrls: true,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: `${process.env.FAIRWAY_SITE_BASE ?? '/'}mark.svg`, type: 'image/svg+xml' }]],
  markdown: { html: false, anchor: { slugify }, toc: { slugify }, config: escapeBraces },
  themeConfig: {
    logo: '/mark.svg',
    sidebar,
    outline: [2, 3],
    search: { provider: 'local', options: { detailedView: true } },
    nav: [
      { text: 'Start', link: '/overview' },
      { text: 'Contents', link: '/contents' },
      { text: 'Reference', link: '/reference/cli' },
      { text: 'Examples', link: '/examples/' },
    ],
    footer: { message: 'Apache-2.0' },
    docFooter: { prev: false, next: false },
  },
})
