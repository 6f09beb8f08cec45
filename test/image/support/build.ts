/** The files of the image, made as the Dockerfile makes them. */
import { chownSync, cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { APPLICATION, assembleImage } from '../../../scripts/build/assemble-image.ts'
import { emitPackage } from '../../../scripts/build/emit-package.ts'
import { settleTree } from '../../../scripts/build/settle-tree.ts'
import { runContainer } from './container.ts'

const root = path.resolve(import.meta.dirname, '../../..')

export interface Built {
  readonly packageFolder: string
  readonly image: string
}

/** Builds into `folder`, without the compile cache. */
export const buildImage = async (folder: string): Promise<Built> => {
  const packageFolder = path.join(folder, 'package')
  const image = path.join(folder, 'image')
  await emitPackage(root, packageFolder)
  await assembleImage({
    root,
    packageFolder,
    nodeModules: path.join(root, 'node_modules'),
    arch: process.arch,
    out: image,
  })
  return { packageFolder, image }
}

/** Fills the compile cache of a built image, in a container as the Dockerfile does it. */
export const warmImage = (image: string, folder: string): string => {
  const tmp = path.join(folder, 'warm')
  mkdirSync(tmp)
  chownSync(tmp, 1337, 1337)
  const config = path.join(root, 'scripts/build')
  const entry = ['/usr/local/bin/node', '/config/warm-cache.mjs', '/tmp/cache']
  const { code, stdout, stderr } = runContainer({ image, config, tmp, entry }, folder)
  if (code !== 0) throw new Error(`the compile cache cannot be filled: ${stderr}`)
  const cache = path.join(image, APPLICATION, 'node_modules/.cache/fairway')
  cpSync(path.join(tmp, 'cache'), cache, { recursive: true })
  settleTree(image)
  return stdout
}
