/** `npm run build`: what is published, and the files of the image. */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { assembleImage, APPLICATION } from './assemble-image.ts'
import { emitPackage } from './emit-package.ts'
import { formatSizes } from './sizes.ts'

const help = `npm run build: emits JavaScript, for the registry and for the image

Examples
  npm run build                                into dist/package and dist/image
  npm run build -- --out /tmp/out              somewhere else
  npm pack ./dist/package                      what would be published
  docker build -t fairway .                    the image, which does all of this itself

Flags
  --out DIR           where to; what was made there before is replaced; default dist
  --node-modules DIR  packages and Node of the image; default those of this folder
  --arch ARCH         processor of the image's Node: x64 or arm64; default this one's
  -h, --help          print this

Times of files are SOURCE_DATE_EPOCH (seconds since 1970), so that the same sources give the same bytes.
`

const root = path.resolve(import.meta.dirname, '../..')
const archs = ['x64', 'arm64']

const options = {
  out: { type: 'string', default: 'dist' },
  'node-modules': { type: 'string', default: path.join(root, 'node_modules') },
  arch: { type: 'string', default: process.arch },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const build = async ({ out, nodeModules, arch }: Readonly<Record<'out' | 'nodeModules' | 'arch', string>>) => {
  if (!archs.includes(arch))
    throw new Error(`--arch ${arch}: expected ${archs.join(' or ')}, for which a Node is pinned`)
  const packageFolder = path.join(out, 'package')
  const imageFolder = path.join(out, 'image')
  await emitPackage(root, packageFolder)
  process.stdout.write(`written  ${packageFolder}\n`)
  await assembleImage({ root, packageFolder, nodeModules, arch, out: imageFolder })
  process.stdout.write(`written  ${imageFolder}\n\n${formatSizes(imageFolder, APPLICATION)}`)
}

try {
  const { values } = parseArgs({ options })
  const { out, 'node-modules': nodeModules, arch } = values
  if (values.help) process.stdout.write(help)
  else await build({ out: path.resolve(out), nodeModules: path.resolve(nodeModules), arch })
} catch (error) {
  process.stderr.write(`npm run build: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
