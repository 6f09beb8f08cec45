/** Paths in emitted JavaScript that are no imports: the compiler leaves them as they were. */
import path from 'node:path'

export interface MovedPaths {
  readonly code: string
  /** Files that are read beside the code, by their paths from the root. */
  readonly assets: readonly string[]
}

const URLS = /(\bnew URL\(\s*)(['"])(\.{1,2}\/[^'"\n]*)\2(\s*,\s*import\.meta\.url\b)/g
const RESOLVED = /(\bimport\.meta\.resolve\(\s*)(['"])(\.{1,2}\/[^'"\n]*)\2/g

/** `code` of `file` with its URLs of sources as URLs of what these were compiled to. */
export const pointToOutput = (code: string, file: string): MovedPaths => {
  const assets: string[] = []
  const point = (name: string): string => {
    if (name.endsWith('.ts')) return `${name.slice(0, -3)}.js`
    const target = path.posix.join(path.posix.dirname(file), name)
    // The folder of the package is no file of it.
    if (target !== '.' && target !== './') assets.push(target.replace(/\/$/, ''))
    return name
  }
  const moved = code
    .replaceAll(
      URLS,
      (_, open: string, quote: string, name: string, end: string) => `${open}${quote}${point(name)}${quote}${end}`,
    )
    .replaceAll(RESOLVED, (_, open: string, quote: string, name: string) => `${open}${quote}${point(name)}${quote}`)
  return { code: moved, assets }
}

/** What `file` might mean by texts that look like a path to a source, from the root. */
export const sourcesNamedIn = (code: string, file: string): readonly string[] =>
  Array.from(code.matchAll(/(['"`])(\.{1,2}\/[^'"`\n]*\.ts)\1/g), ([, , name = '']) =>
    path.posix.join(path.posix.dirname(file), name),
  )
