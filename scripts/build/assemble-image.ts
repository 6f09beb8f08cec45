import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { isPlainObject } from '../../src/lib/schema.ts'
import { createBill } from './bill-of-materials.ts'
import { hasCode, isKept } from './kept-files.ts'
import { lockedVersion, productionPackages } from './production-packages.ts'
import { imageManifest, readManifest } from './published-manifest.ts'
import { settleTree } from './settle-tree.ts'

/** Where the program is in the image. */
export const APPLICATION = 'opt/fairway'
const COMMANDS = 'usr/local/bin'
const NODE = `${COMMANDS}/node`

export interface ImageOptions {
  /** The repository. */
  readonly root: string
  /** What `emitPackage` wrote. */
  readonly packageFolder: string
  /** Installed packages, with the pinned Node of the image's platform. */
  readonly nodeModules: string
  /** As Node spells it: x64, arm64. */
  readonly arch: string
  /** The root of the image, without a system; it is replaced. */
  readonly out: string
}

/**
 * Puts together what the image has beside a C library: Node, the program, the packages that it needs, without what only
 * their makers need, and a list of it all. The compile cache is not among it, since it has to be made where it is used.
 */
export const assembleImage = async (options: ImageOptions): Promise<void> => {
  const { root, packageFolder, out } = options
  const application = path.join(out, APPLICATION)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(application, { recursive: true })
  cpSync(packageFolder, application, { recursive: true })
  rmSync(path.join(application, 'README.md'))
  writeFileSync(
    path.join(application, 'package.json'),
    `${JSON.stringify(imageManifest(readManifest(root)), null, 2)}\n`,
  )
  const nodeVersion = takeNode(options)
  takeCommands(application, out)
  const shipped = takePackages(options, application)
  writeFileSync(path.join(application, 'sbom.cdx.json'), createBill({ root, shipped, nodeVersion }))
  settleTree(out)
}

/** The Node that everything is tested with. */
const takeNode = ({ root, nodeModules, arch, out }: ImageOptions): string => {
  const name = `node-linux-${arch}`
  const binary = path.join(nodeModules, name, 'bin/node')
  if (!existsSync(binary)) {
    throw new Error(
      `there is no ${binary}, the pinned Node for linux-${arch}: npm ci --os=linux --cpu=${arch} --libc=glibc brings it`,
    )
  }
  const { version } = readManifest(path.join(nodeModules, name))
  const wanted = lockedVersion(root, name)
  if (version !== wanted)
    throw new Error(`${name} is ${String(version)} in ${nodeModules}, expected ${wanted} by package-lock.json`)
  const target = path.join(out, NODE)
  mkdirSync(path.dirname(target), { recursive: true })
  copyFileSync(binary, target)
  chmodSync(target, 0o755)
  const licence = path.join(out, 'usr/local/share/doc/node/LICENSE')
  mkdirSync(path.dirname(licence), { recursive: true })
  copyFileSync(path.join(nodeModules, name, 'LICENSE'), licence)
  return wanted
}

/** The commands of the package, started by the one Node that there is: there is no /usr/bin/env to find it. */
const takeCommands = (application: string, out: string): void => {
  const { bin } = readManifest(application)
  mkdirSync(path.join(out, COMMANDS), { recursive: true })
  for (const [name, file] of Object.entries(isPlainObject(bin) ? bin : {})) {
    const script = path.join(application, String(file))
    const text = readFileSync(script, 'utf8')
    if (!text.startsWith('#!')) throw new Error(`${script} does not begin with #!, and is a command`)
    writeFileSync(script, text.replace(/^#!.*/, `#!/${NODE}`))
    chmodSync(script, 0o755)
    symlinkSync(`/${APPLICATION}/${String(file)}`, path.join(out, COMMANDS, name))
  }
}

/** Copies what is needed of each package, and gives those of which there was anything. */
const takePackages = ({ root, nodeModules }: ImageOptions, application: string): ReadonlySet<string> => {
  const shipped = new Set<string>()
  for (const { path: place, name, version } of productionPackages(root)) {
    const from = path.join(path.dirname(nodeModules), place.replace(/^node_modules/, path.basename(nodeModules)))
    const found = readManifest(from)['version']
    if (found !== version)
      throw new Error(`${from} is ${name} ${String(found)}, expected ${version} by package-lock.json: run npm ci`)
    const files = globSync('**/*', { cwd: from, exclude: (file) => /(?:^|\/)node_modules$/.test(file) }).filter(
      (file) => statSync(path.join(from, file)).isFile() && isKept(file),
    )
    if (!hasCode(files)) continue
    shipped.add(`${name}@${version}`)
    for (const file of files) {
      const target = path.join(application, place, file)
      mkdirSync(path.dirname(target), { recursive: true })
      copyFileSync(path.join(from, file), target)
    }
  }
  return shipped
}
