import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { compile } from './compile.ts'
import { pointToOutput, sourcesNamedIn } from './emitted-paths.ts'
import { publishedManifest, readManifest } from './published-manifest.ts'
import { settleTree } from './settle-tree.ts'

/** What authors of filters import: their types go along. */
const ENTRIES = ['src/filter/index.ts', 'src/filter/testing.ts', 'src/filter/app/app.ts']

/**
 * Writes the package as it is published into the folder `out`, which is replaced: JavaScript from the sources of the
 * repository at `root`, the types of what authors import, and the files that the program reads. Throws when the sources
 * do not compile, or name a file that would not be there.
 */
export const emitPackage = async (root: string, out: string): Promise<void> => {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const types = `${out}.types`
  await Promise.all([
    compile(root, { out, files: programFiles(root), emits: 'code' }),
    compile(root, { out: types, files: ENTRIES, emits: 'types' }),
  ])
  for (const file of globSync('src/*.mjs', { cwd: root })) copy(root, out, file)
  for (const file of globSync('**/*.{js,mjs}', { cwd: out })) finishFile(root, out, file)
  takeTypes(types, out)
  rmSync(types, { recursive: true })
  for (const file of ['LICENSE', 'README.md']) copy(root, out, file)
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(publishedManifest(readManifest(root)), null, 2)}\n`)
  settleTree(out)
}

const programFiles = (root: string): readonly string[] =>
  globSync(['src/**/*.ts', 'filters/**/*.ts'], { cwd: root }).filter((file) => !file.endsWith('.test.ts'))

const copy = (root: string, out: string, file: string): void => {
  mkdirSync(path.join(out, path.dirname(file)), { recursive: true })
  cpSync(path.join(root, file), path.join(out, file), { recursive: true })
}

/** Where the compiler sees only a text, a path to one of our files has to be moved as well. */
const finishFile = (root: string, out: string, file: string): void => {
  const text = readFileSync(path.join(out, file), 'utf8')
  const { code, assets } = pointToOutput(text, file)
  const left = sourcesNamedIn(code, file).filter((name) => existsSync(path.join(root, name)))
  if (left.length > 0) {
    throw new Error(
      `${file} names ${left.join(', ')} in a way that is not understood, and it will not be there: write new URL('./x.ts', import.meta.url)`,
    )
  }
  if (code !== text) writeFileSync(path.join(out, file), code)
  for (const asset of assets) {
    if (asset === 'package.json') continue
    if (existsSync(path.join(out, asset))) continue
    if (!existsSync(path.join(root, asset))) throw new Error(`${file} names ${asset}, which is not there`)
    copy(root, out, asset)
  }
}

/** Copies the declarations that the entries lead to. */
const takeTypes = (types: string, out: string): void => {
  const queue = ENTRIES.map((file) => file.replace(/\.ts$/, '.d.ts'))
  const seen = new Set(queue)
  for (const file of queue) {
    const text = readFileSync(path.join(types, file), 'utf8')
    const moved = text.replaceAll(/(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g, '$1$2.js$1')
    mkdirSync(path.join(out, path.dirname(file)), { recursive: true })
    writeFileSync(path.join(out, file), moved)
    for (const [, , name = ''] of moved.matchAll(/(['"])(\.{1,2}\/[^'"\n]*)\.js\1/g)) {
      const target = path.posix.join(path.posix.dirname(file), `${name}.d.ts`)
      if (seen.has(target)) continue
      seen.add(target)
      queue.push(target)
    }
  }
}
