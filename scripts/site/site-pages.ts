/**
 * From the pages of the repository to those of the site: where each goes, what its links become, and which other files
 * have to come along. Nothing here reads the disk.
 */
import path from 'node:path'

/** A page of the repository, by its path from the root. */
export interface SourcePage {
  readonly path: string
  readonly text: string
}

/** Everything that the site is made of. */
export interface Site {
  /** Text by path in the site. */
  readonly pages: ReadonlyMap<string, string>
  /** Files of the repository that pages link to; they are published under `fileNameOf`. */
  readonly files: ReadonlySet<string>
  /** Links that lead nowhere: `PAGE: TARGET`. */
  readonly dead: readonly string[]
}

/** What is known of the repository beside its pages. */
export interface Repository {
  readonly kindOf: (path: string) => 'file' | 'folder' | undefined
}

/** Puts the site together. */
export const createSite = (sources: readonly SourcePage[], { kindOf }: Repository): Site => {
  const places = new Map(sources.map((source) => [source.path, placeOf(source.path)]))
  const files = new Set<string>()
  const dead: string[] = []
  const resolve = (from: string, target: string): string | undefined => {
    const [file = '', anchor] = target.split('#')
    const behind = anchor === undefined ? '' : `#${anchor}`
    if (file === '') return target
    const wanted = path.posix.normalize(path.posix.join(path.posix.dirname(from), file)).replace(/\/$/, '')
    const page = places.get(wanted) ?? places.get(path.posix.join(wanted, 'README.md'))
    if (page !== undefined) return `/${page.replace(/(?:^|(?<=\/))index\.md$/, '')}${behind}`
    const kind = kindOf(wanted)
    if (kind === undefined) dead.push(`${from}: ${target}`)
    if (kind !== 'file') return undefined
    files.add(wanted)
    return `/files/${fileNameOf(wanted)}`
  }
  const pages = new Map(
    sources.map(({ path: from, text }) => [
      placeOf(from),
      mapProse(text, (prose) => rewriteLinks(prose, (target) => resolve(from, target))),
    ]),
  )
  return { pages, files, dead }
}

/** Plain text, so that it is shown and not downloaded; pictures as they are. */
export const fileNameOf = (file: string): string => (file.endsWith('.svg') ? file : `${file}.txt`)

/** `docs/concepts/hbone.md` is `concepts/hbone.md` in the site, a README the index of its folder, the README the overview. */
export const placeOf = (file: string): string => {
  if (file === 'README.md') return 'overview.md'
  return file
    .replace(/^docs\//, '')
    .replace(/(^|\/)README\.md$/, '$1index.md')
    .replace(/^index\.md$/, 'contents.md')
    .replace(/^([A-Z]+)\.md$/, (name) => name.toLowerCase())
}

const FENCE = /^(```|~~~)[^]*?^\1[^\n]*$/gm

/** Changes what is not code. */
const mapProse = (text: string, change: (prose: string) => string): string => {
  let done = ''
  let at = 0
  for (const fence of text.matchAll(FENCE)) {
    done += mapSpans(text.slice(at, fence.index), change) + fence[0]
    at = fence.index + fence[0].length
  }
  return done + mapSpans(text.slice(at), change)
}

/** The text of a link may have code in it, so that only links are taken apart at code. */
const mapSpans = (text: string, change: (prose: string) => string): string => {
  const spans: string[] = []
  const held = text.replaceAll(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, (span) => `\uE000${spans.push(span) - 1}\uE000`)
  return change(held).replaceAll(/\uE000(\d+)\uE000/g, (_, i) => spans[Number(i)] ?? '')
}

const rewriteLinks = (text: string, resolve: (target: string) => string | undefined): string =>
  text.replaceAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (whole: string, label: string, target: string) => {
    if (/^[a-z]+:/.test(target)) return whole
    const found = resolve(target)
    return found === undefined ? label : `[${label}](${found})`
  })
