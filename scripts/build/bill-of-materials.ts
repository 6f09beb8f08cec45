import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { isPlainObject } from '../../src/lib/schema.ts'
import { sourceDateEpoch } from './settle-tree.ts'

type Json = Readonly<Record<string, unknown>>

export interface BillOptions {
  /** Folder with package.json and package-lock.json. */
  readonly root: string
  /** What is there, as `name@version`. */
  readonly shipped: ReadonlySet<string>
  readonly nodeVersion: string
}

/**
 * What the image consists of, as CycloneDX JSON: what `npm sbom` says of the lock file, without packages that are not
 * shipped, and with Node. The same input gives the same text. Throws when npm cannot be run.
 */
export const createBill = ({ root, shipped, nodeVersion }: BillOptions): string => {
  const bill = runNpm(root)
  const own = isPlainObject(bill['metadata']) ? bill['metadata'] : {}
  const self = isPlainObject(own['component']) ? own['component'] : {}
  const isShipped = ({ 'bom-ref': ref }: Json): boolean => typeof ref === 'string' && shipped.has(ref)
  const node = nodeComponent(nodeVersion)
  const known = new Set(listOf(bill['components']).map((component) => component['bom-ref']))
  const unknown = [...shipped].filter((name) => !known.has(name))
  if (unknown.length > 0) throw new Error(`npm sbom says nothing of ${unknown.join(', ')}`)
  const components = [...listOf(bill['components']).filter(isShipped), node]
  const refs = new Set(components.map((component) => component['bom-ref']))
  const selfRef = self['bom-ref']
  const dependencies = listOf(bill['dependencies'])
    .filter(({ ref }) => ref === selfRef || refs.has(ref))
    .map(({ ref, dependsOn }) => {
      const named: readonly unknown[] = Array.isArray(dependsOn) ? dependsOn : []
      const needed = named.filter((name) => refs.has(name))
      return { ref, dependsOn: ref === selfRef ? [...needed, node['bom-ref']] : needed }
    })
  const content = {
    $schema: bill['$schema'],
    bomFormat: bill['bomFormat'],
    specVersion: bill['specVersion'],
    version: 1,
    metadata: {
      timestamp: new Date(sourceDateEpoch() * 1000).toISOString(),
      lifecycles: [{ phase: 'build' }],
      component: { ...self, type: 'application', name: 'fairway' },
    },
    components,
    dependencies: [...dependencies, { ref: node['bom-ref'], dependsOn: [] }],
  }
  const { $schema, bomFormat, specVersion, ...rest } = content
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(content))}`
  return `${JSON.stringify({ $schema, bomFormat, specVersion, serialNumber, ...rest }, null, 2)}\n`
}

const nodeComponent = (version: string): Json => ({
  'bom-ref': `node@${version}`,
  type: 'platform',
  name: 'node',
  version,
  scope: 'required',
  purl: `pkg:generic/node@${version}`,
  cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
  licenses: [{ license: { id: 'MIT' } }],
})

const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isPlainObject) : [])

/** A number that depends on what is said and nothing else, in the form of a random one. */
const uuidOf = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const runNpm = (root: string): Json => {
  const cli = process.env['npm_execpath']
  const isUnderNpm = cli !== undefined && path.basename(cli) === 'npm-cli.js'
  const [program, before] = isUnderNpm ? [process.execPath, [cli]] : ['npm', []]
  const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
  // With --omit=dev it leaves out what is needed both here and by a package that is shipped.
  const quiet = ['--loglevel=error']
  const text = execFileSync(program, [...before, ...args, ...quiet], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const value: unknown = JSON.parse(text)
  if (!isPlainObject(value)) throw new Error('npm sbom printed no object')
  return value
}
