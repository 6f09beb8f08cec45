import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isPlainObject } from '../../src/lib/schema.ts'

type Manifest = Readonly<Record<string, unknown>>

/** The package.json of the folder `root`. */
export const readManifest = (root: string): Manifest => {
  const value: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  if (!isPlainObject(value)) throw new Error(`${path.join(root, 'package.json')} is no object`)
  return value
}

const KEPT = [
  'name',
  'version',
  'description',
  'license',
  'bin',
  'type',
  'dependencies',
  'optionalDependencies',
  'engines',
]

/** The manifest of the published package: its entries are JavaScript with types, and nothing of our workshop is in it. */
export const publishedManifest = (manifest: Manifest): Manifest => ({
  ...Object.fromEntries(KEPT.filter((key) => key in manifest).map((key) => [key, manifest[key]])),
  exports: isPlainObject(manifest['exports']) ? publishedExports(manifest['exports']) : {},
})

/** The manifest in the image, which brings its own Node and all packages. */
export const imageManifest = (manifest: Manifest): Manifest => {
  const { optionalDependencies: _, ...rest } = publishedManifest(manifest)
  return rest
}

const publishedExports = (exports: Manifest): Manifest =>
  Object.fromEntries(
    Object.entries(exports).map(([name, target]) => {
      if (typeof target !== 'string' || !target.endsWith('.ts')) return [name, target]
      const base = target.slice(0, -3)
      return [name, { types: `${base}.d.ts`, default: `${base}.js` }]
    }),
  )
