import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isPlainObject } from '../../src/lib/schema.ts'

/** A package that the program needs. */
export interface LockedPackage {
  /** `node_modules/a/node_modules/b`. */
  readonly path: string
  readonly name: string
  readonly version: string
}

/** The packages of package-lock.json of the folder `root` that are neither for development nor optional. */
export const productionPackages = (root: string): readonly LockedPackage[] =>
  lockedPackages(root).flatMap(([place, entry]) => {
    if (place === '' || entry['dev'] === true || entry['optional'] === true || entry['devOptional'] === true) return []
    return [{ path: place, name: nameOf(place), version: String(entry['version']) }]
  })

/** The version of a package that stands at the top of package-lock.json; throws when it does not. */
export const lockedVersion = (root: string, name: string): string => {
  const found = lockedPackages(root).find(([place]) => place === `node_modules/${name}`)
  if (found === undefined) throw new Error(`package-lock.json has no ${name}`)
  return String(found[1]['version'])
}

const nameOf = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)

const lockedPackages = (root: string): readonly (readonly [string, Readonly<Record<string, unknown>>])[] => {
  const lock: unknown = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  if (!isPlainObject(lock) || !isPlainObject(lock['packages'])) throw new Error('package-lock.json has no packages')
  return Object.entries(lock['packages']).map(([place, entry]) => [place, isPlainObject(entry) ? entry : {}])
}
