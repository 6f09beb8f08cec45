/** The chart as Helm renders it, where there is a Helm. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { LiveObject } from '../../../src/controller/manifest.ts'

/** The chart’s folder. */
export const chartFolder = fileURLToPath(new URL('../../../charts/fairway', import.meta.url))

/** The values that are tried, a folder each with `values.yaml` and `objects.yaml`. */
export const chartCases = fileURLToPath(new URL('../../golden/chart', import.meta.url))

/** Their names. */
export const chartCaseNames: readonly string[] = globSync('*/values.yaml', { cwd: chartCases })
  .map((file) => file.split('/')[0] ?? '')
  .toSorted()

/** The objects of a case as they were when Helm was last there. */
export const readChartCase = (name: string): readonly LiveObject[] =>
  parseObjects(readFileSync(join(chartCases, name, 'objects.yaml'), 'utf8'))

/** Objects of a text with several documents. */
export const parseObjects = (text: string): readonly LiveObject[] =>
  parseAllDocuments(text, { uniqueKeys: true }).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    // A manifest is an object, or nothing where all of a template was left out.
    const object = document.toJS() as LiveObject | null
    return object === null ? [] : [object]
  })

/** Helm’s program: HELM, else one on PATH, in GOBIN or in Go’s folder, else beside the API server of the tests. */
export const findHelm = (): string | undefined => {
  const { HELM, PATH = '', GOBIN, GOPATH, HOME, KUBEBUILDER_ASSETS } = process.env
  const folders = [...PATH.split(delimiter), GOBIN, GOPATH && join(GOPATH, 'bin'), HOME && join(HOME, 'go/bin')]
  const candidates = [...folders, KUBEBUILDER_ASSETS].flatMap((folder) => (folder ? [join(folder, 'helm')] : []))
  return [HELM, ...candidates].find((file) => file !== undefined && file !== '' && existsSync(file))
}

/** Why nothing can be rendered; `false`: it can. */
export const whyNoHelm = (helm: string | undefined): string | false => {
  if (helm === undefined)
    return 'no helm on PATH, in GOBIN or named by HELM: what it rendered last is tested all the same'
  const version = execFileSync(helm, ['version', '--template', '{{.Version}}'], { encoding: 'utf8' })
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)/.exec(version)?.map(Number) ?? []
  // Before, it had other words for values that do not fit.
  return major > 3 || (major === 3 && minor >= 18) ? false : `${helm} is ${version}, expected 3.18 or later`
}

/** What Helm says: the objects as a text, or its error. */
export interface Rendered {
  readonly isGood: boolean
  readonly text: string
}

/** Runs `helm template`; a Kubernetes is assumed that is as old as may be. */
export const renderChart = (helm: string, args: readonly string[]): Rendered =>
  runHelm(helm, ['template', 'fairway', chartFolder, '--namespace=fairway-system', OLDEST, ...args])

/** Runs `helm lint`, which makes much of little things. */
export const lintChart = (helm: string, args: readonly string[]): Rendered =>
  runHelm(helm, ['lint', '--strict', chartFolder, OLDEST, ...args])

const OLDEST = '--kube-version=1.30.0'

/** Runs Helm; what it says in the end. */
export const runHelm = (helm: string, args: readonly string[]): Rendered => {
  const { status, stdout, stderr } = spawnSync(helm, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
  return status === 0 ? { isGood: true, text: stdout } : { isGood: false, text: `${stdout}${stderr}` }
}
