/** What was built, looked at as a browser would: every link and asset is there, and nothing comes from elsewhere. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** Complaints about the site in a folder, which is served below `base`; none when all is well. */
export const checkBuilt = (folder: string, base: string): readonly string[] => {
  const pages = globSync('**/*.html', { cwd: folder })
  const ids = new Map(pages.map((page) => [page, idsOf(readFileSync(path.join(folder, page), 'utf8'))]))
  const complaints = pages.flatMap((page) => checkPage(page, { folder, base, ids }))
  return pages.length === 0 ? [`${folder} has no pages`] : complaints
}

interface Built {
  readonly folder: string
  readonly base: string
  /** Anchors by page. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>
}

const idsOf = (html: string): ReadonlySet<string> =>
  new Set(Array.from(html.matchAll(/\sid="([^"]+)"/g), ([, id = '']) => decode(id)))

const checkPage = (page: string, built: Built): readonly string[] => {
  const html = readFileSync(path.join(built.folder, page), 'utf8')
  return Array.from(html.matchAll(/<(\w+)\b[^>]*?\s(?:href|src)="([^"]*)"/g)).flatMap(([, tag = '', raw = '']) => {
    const url = decode(raw)
    if (/^(?:https?:)?\/\//.test(url)) return tag === 'a' ? [] : [`${page}: <${tag}> is loaded from ${url}`]
    if (/^(?:mailto|data):/.test(url)) return []
    const fault = faultOf(page, url, built)
    return fault === undefined ? [] : [`${page}: ${url} ${fault}`]
  })
}

const faultOf = (page: string, url: string, { folder, base, ids }: Built): string | undefined => {
  const [file = '', anchor = ''] = url.split('#')
  if (file.startsWith('/') && !file.startsWith(base)) return `is outside of ${base}`
  const inside = file === '' ? page : fileOf(page, file.startsWith('/') ? file.slice(base.length) : file, folder)
  if (inside === undefined) return 'is not there'
  const known = ids.get(inside)
  return anchor === '' || known === undefined || known.has(decodeURIComponent(anchor))
    ? undefined
    : 'has no such heading'
}

/** As a web server finds it: a folder is its index, a page may be named without `.html`. */
const fileOf = (page: string, file: string, folder: string): string | undefined => {
  const written = file.startsWith('.') ? path.join(path.dirname(page), file) : file
  const found = [written, path.join(written, 'index.html'), `${written}.html`].find((name) => {
    const at = path.join(folder, name)
    return existsSync(at) && statSync(at).isFile()
  })
  return found === undefined ? undefined : path.normalize(found)
}

const decode = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
