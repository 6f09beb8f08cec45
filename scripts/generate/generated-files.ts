/** What `npm run generate` writes, and a test compares with what is there. */
import { stringify } from 'yaml'
import { createOurCrds } from '../../src/config/crds/our-crds.ts'
import { roleManifests } from '../../src/controller/roles/manifests.ts'
import { isPlainObject } from '../../src/lib/schema.ts'
import { formatFilterApi } from './filter-api.ts'
import { readApi } from './read-api.ts'

/** A file by its path from the root of the repository. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

const HEADER = '# Generated from the schemas by "npm run generate": change those, not this.\n'

/** All of them, for the repository at `root`; those of a folder that are not among these are left over. */
export const createGeneratedFiles = (root: string): readonly GeneratedFile[] => [
  ...createCrdFiles(),
  createRoles(),
  createFilterApi(root),
]

/** The contract's modules, as authors import them. */
const contract = [
  ['fairway/filter', 'src/filter/index.ts'],
  ['fairway/filter/testing', 'src/filter/testing.ts'],
] as const

const createFilterApi = (root: string): GeneratedFile => {
  const read = readApi(
    root,
    contract.map(([, file]) => file),
  )
  const modules = contract.map(([specifier], i) => ({ specifier, entries: read[i] ?? [] }))
  return { path: 'docs/reference/filter-api.md', text: formatFilterApi(modules) }
}

const createCrdFiles = (): readonly GeneratedFile[] =>
  createOurCrds().map((crd) => {
    const names = isPlainObject(crd['metadata']) ? crd['metadata']['name'] : undefined
    if (typeof names !== 'string') throw new Error('a CRD without a name')
    const [plural = ''] = names.split('.')
    return {
      path: `charts/fairway/crds/${plural}.yaml`,
      text: HEADER + stringify(crd, { aliasDuplicateObjects: false, lineWidth: 0 }),
    }
  })

const ROLES_HEADER = '# Generated from src/controller/roles by "npm run generate": change that, not this.\n'

const createRoles = (): GeneratedFile => ({
  path: 'charts/fairway/templates/roles.yaml',
  text:
    ROLES_HEADER +
    roleManifests()
      .map((role) => stringify(role, { aliasDuplicateObjects: false, lineWidth: 0 }))
      .join('---\n'),
})
