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
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist' },
    'node-modules': { type: 'string', default: path.join(root, 'node_modules') },
    arch: { type: 'string', default: process.arch },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (text: string): boolean => process.stdout.write(`${text}\n`)

if (values.help) process.stdout.write(help)
else {
  const out = path.resolve(values.out)
  const packageFolder = path.join(out, 'package')
  const imageFolder = path.join(out, 'image')
  await emitPackage(root, packageFolder)
  say(`written  ${packageFolder}`)
  await assembleImage({
    root,
    packageFolder,
    nodeModules: path.resolve(values['node-modules']),
    arch: values.arch,
    out: imageFolder,
  })
  say(`written  ${imageFolder}\n`)
  process.stdout.write(formatSizes(imageFolder, APPLICATION))
}
