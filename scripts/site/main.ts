/** `npm run site`: the documentation as a static site, in site/dist; `--preview` serves it, `--base /PATH/` places it. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkBuilt } from './check-built.ts'
import { homePage } from './home-page.ts'
import { createRepository, listDecisions, readPages } from './read-repository.ts'
import { readSidebar } from './sidebar.ts'
import { createSite, fileNameOf } from './site-pages.ts'

const root = path.resolve(import.meta.dirname, '../..')
const site = path.join(root, 'site')

const { values } = parseArgs({
  options: { preview: { type: 'boolean' }, base: { type: 'string', default: '/' } },
})
const base = values.base
if (!/^\/(?:[\w.-]+\/)*$/.test(base)) end(`--base ${base} does not begin and end with a slash`)

/** The generator has its own lock file, so that nobody who only runs Fairway installs it. */
const install = (): void => {
  const lock = path.join(site, 'package-lock.json')
  const done = path.join(site, 'node_modules', '.package-lock.json')
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return
  process.stderr.write('site: installing the generator (once) …\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'], {
    cwd: site,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) end(`"npm ci" in ${site} failed; its messages are above`)
}

const write = (file: string, text: string): void => {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** The tables of the reference need the room that the list of headings would take. */
const frontMatterOf = (name: string): string => (name.startsWith('reference/') ? '---\naside: false\n---\n\n' : '')

/** Everything that the generator reads, new each time. */
const prepare = (): void => {
  const sources = readPages(root)
  const { pages, files, dead } = createSite([...sources, listDecisions(sources)], createRepository(root))
  if (dead.length > 0) end(`links that lead nowhere:\n${dead.map((line) => `  ${line}\n`).join('')}`)
  const target = path.join(site, '.pages')
  rmSync(target, { recursive: true, force: true })
  for (const [name, text] of pages) write(path.join(target, name), `${frontMatterOf(name)}${text}`)
  write(path.join(target, 'index.md'), homePage)
  for (const name of files) {
    const copy = path.join(target, 'public', 'files', fileNameOf(name))
    mkdirSync(path.dirname(copy), { recursive: true })
    cpSync(path.join(root, name), copy)
  }
  cpSync(path.join(site, 'public'), path.join(target, 'public'), { recursive: true })
  const sidebar = readSidebar(readFileSync(path.join(root, 'docs', 'README.md'), 'utf8'), (name) => pages.has(name))
  write(path.join(site, '.pages', 'sidebar.json'), JSON.stringify(sidebar, undefined, 1))
}

const generator = (...args: readonly string[]): void => {
  const { status } = spawnSync(
    process.execPath,
    [path.join(site, 'node_modules', 'vitepress', 'bin', 'vitepress.js'), ...args],
    { cwd: site, stdio: 'inherit', env: { ...process.env, FAIRWAY_SITE_BASE: base } },
  )
  if (status !== 0) end('the generator failed; its messages are above')
}

install()
prepare()
generator('build', '.')
const complaints = checkBuilt(path.join(site, 'dist'), base)
if (complaints.length > 0) end(`the site is not whole:\n${complaints.map((line) => `  ${line}\n`).join('')}`)
process.stdout.write(`${path.join(site, 'dist')} is the site; "npm run site -- --preview" serves it\n`)
if (values.preview === true) generator('preview', '.')

function end(message: string): never {
  process.stderr.write(`site: ${message}\n`)
  process.exit(1)
}
