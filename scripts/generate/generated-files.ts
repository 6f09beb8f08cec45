/** What `npm run generate` writes, and a test compares with what is there. */
import { stringify } from 'yaml'
import { createOurCrds } from '../../src/config/crds/our-crds.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { isPlainObject } from '../../src/lib/schema.ts'
import { createChartFiles } from './chart/chart-files.ts'
import { formatFilterApi } from './filter-api.ts'
import { createPerformanceFiles } from '../../test/bench/page/page.ts'
import type { GeneratedFile } from './generated-file.ts'
import { readApi } from './read-api.ts'
import { formatCliPage } from './reference/cli-page.ts'
import { formatConditionsPage } from './reference/conditions-page.ts'
import { formatDoctorCodesPage } from './reference/doctor-codes-page.ts'
import { formatKindPages } from './reference/kind-pages.ts'
import { formatFlagsPage, formatMetricsPage } from './reference/telemetry-pages.ts'

const HEADER = '# Generated from the schemas by "npm run generate": change those, not this.\n'

/** All of them, for the repository at `root`; those of a folder that are not among these are left over. */
export const createGeneratedFiles = async (root: string): Promise<readonly GeneratedFile[]> => [
  ...createCrdFiles(),
  ...createChartFiles(),
  createFilterApi(root),
  ...(await createReference(root)),
  ...createPerformanceFiles(root),
]

/** Pages of `docs/reference`. */
const createReference = async (root: string): Promise<readonly GeneratedFile[]> => {
  const pages = [
    ['cli.md', await formatCliPage(verbs)],
    ['metrics.md', formatMetricsPage()],
    ['response-flags.md', formatFlagsPage()],
    ['conditions.md', formatConditionsPage()],
    ['doctor-codes.md', formatDoctorCodesPage()],
    ...formatKindPages(root, createOurCrds()).map(({ name, text }) => [`kinds/${name}`, text] as const),
  ] as const
  return pages.map(([name, text]) => ({ path: `docs/reference/${name}`, text }))
}

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
