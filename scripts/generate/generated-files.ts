/** What `npm run generate` writes, and a test compares with what is there. */
import { stringify } from 'yaml'
import { createOurCrds } from '../../src/config/crds/our-crds.ts'
import { isPlainObject } from '../../src/lib/schema.ts'

/** A file by its path from the root of the repository. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

const HEADER = '# Generated from the schemas by "npm run generate": change those, not this.\n'

/** All of them; those of a folder that are not among these are left over. */
export const createGeneratedFiles = (): readonly GeneratedFile[] => createCrdFiles()

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
