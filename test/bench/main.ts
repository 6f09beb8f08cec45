/**
 * `npm run bench`: where Fairway stands beside nginx and HAProxy, measured side by side on this machine. Figures go
 * to stdout, everything else to stderr; no child outlives it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { formatMarkdown } from './markdown.ts'
import { parseOptions, usage } from './options.ts'
import type { BenchOptions, SuiteName } from './options.ts'
import { createProgress } from './progress.ts'
import { keeperFor } from './page/keeper.ts'
import type { BenchDocument, Machine, SuiteReport } from './report.ts'
import { roundTo } from './statistics.ts'
import type { SuiteContext } from './suites/context.ts'
import { runCostSuite } from './suites/growth/cost.ts'
import { runGrowthSuite } from './suites/growth/growth.ts'
import { hboneSuite } from './suites/hbone.ts'
import { policySuite } from './suites/policy.ts'
import type { MeshSuite } from './suites/mesh-case.ts'
import { runMeshSuite } from './suites/mesh-suite.ts'
import { runMicroSuite } from './suites/micro/micro.ts'
import { downloadSuite, uploadSuite } from './suites/protocols/bodies.ts'
import { grpcSuite, h2cSuite } from './suites/protocols/http2.ts'
import { tcpSuite } from './suites/protocols/tcp.ts'
import { websocketSuite } from './suites/protocols/websocket.ts'
import { runAuthzSuite } from './suites/side-by-side/authz.ts'
import { runFiltersSuite } from './suites/side-by-side/filters.ts'
import { runTelemetrySuite } from './suites/side-by-side/telemetry.ts'
import { runHandshakesSuite } from './suites/strain/handshakes.ts'
import { runFairnessSuite } from './suites/strain/fairness.ts'
import { runOverloadSuite } from './suites/strain/overload.ts'
import { runReadersSuite } from './suites/strain/readers.ts'
import { runRoutesSuite } from './suites/side-by-side/routes.ts'
import { runWorkersSuite } from './suites/side-by-side/workers.ts'
import { runTunnelsSuite } from './suites/strain/tunnels.ts'
import { createCertificates } from './support/certificates.ts'
import { createChildren } from './support/children.ts'
import { canPin } from './support/pinning.ts'
import { readToolOptions } from './support/read-tool-options.ts'
import { formatTable } from './table.ts'

const EXIT_FAILURE = 1
const EXIT_INTERRUPTED = 130

const readMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cpus: availableParallelism(),
  memoryMb: Math.round(totalmem() / 2 ** 20),
  kernel: release(),
  node: process.versions.node,
  loadBefore: roundTo(loadavg()[0] ?? 0, 2),
  isPinned: canPin,
})

const meshSuites: readonly MeshSuite[] = [
  ...[hboneSuite, policySuite, grpcSuite, h2cSuite],
  ...[uploadSuite, downloadSuite, websocketSuite, tcpSuite],
]

/** Suites in front of real destinations, in the order in which they run. */
const liveSuites: readonly (readonly [SuiteName, (context: SuiteContext) => Promise<SuiteReport>])[] = [
  ...meshSuites.map((suite) => [suite.name, (context: SuiteContext) => runMeshSuite(suite, context)] as const),
  ['readers', runReadersSuite],
  ['tunnels', runTunnelsSuite],
  ['handshakes', runHandshakesSuite],
  ['overload', runOverloadSuite],
  ['fairness', runFairnessSuite],
  ['routes', runRoutesSuite],
  ['workers', runWorkersSuite],
  ['authz', runAuthzSuite],
  ['filters', runFiltersSuite],
  ['growth', runGrowthSuite],
  ['cost', runCostSuite],
  ['telemetry', runTelemetrySuite],
]

const runSuites = async (options: BenchOptions): Promise<BenchDocument> => {
  const machine = readMachine()
  const date = new Date().toISOString()
  const dir = mkdtempSync(join(tmpdir(), 'fairway-bench-'))
  const children = createChildren()
  const progress = createProgress(process.stderr)
  // Also reached on SIGINT and SIGTERM: whatever ends this process ends its children.
  process.once('exit', () => {
    children.killAll()
    rmSync(dir, { recursive: true, force: true })
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(EXIT_INTERRUPTED))
  try {
    const suites: SuiteReport[] = []
    const settings = { seconds: options.seconds, pairs: options.pairs }
    const keeper = keeperFor(options.report, { machine, settings })
    const add = (suite: SuiteReport): void => {
      suites.push(suite)
      keeper.keep(suite)
    }
    const wanted = options.suites.filter((name) => keeper.wants(name))
    const chosen = liveSuites.filter(([name]) => wanted.includes(name))
    if (chosen.length > 0) {
      const certificates = createCertificates(dir)
      const context = { options, children, certificates, dir, version: ownVersion(), progress }
      for (const [, run] of chosen) add(await run(context))
    }
    if (wanted.includes('micro')) add(runMicroSuite(options, progress))
    return { machine, date, settings, suites }
  } finally {
    progress.clear()
    await children.stopAll()
  }
}

const ownVersion = (): string => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

const format = (document: BenchDocument, options: BenchOptions): string => {
  const isColoured = process.stdout.isTTY && process.env.NO_COLOR === undefined
  switch (options.format) {
    case 'json':
      return JSON.stringify(document)
    case 'markdown':
      return formatMarkdown(document)
    case 'table':
      return formatTable(document, (style, text) => (isColoured ? styleText(style, text) : text))
  }
}

const main = async (): Promise<void> => {
  const options = readToolOptions(parseOptions, usage)
  if (options === undefined) return
  const document = await runSuites(options)
  if (options.report === 'missing' && document.suites.length === 0) {
    process.stderr.write('nothing is missing: all of these were measured within the last twelve hours\n')
    return
  }
  process.stdout.write(`${format(document, options)}\n`)
  const isMissingOurs = document.suites.some(({ cases }) =>
    cases.some((one) => one.proxy === 'fairway' && one.why !== undefined),
  )
  if (isMissingOurs || document.suites.every(({ cases }) => cases.length === 0)) process.exitCode = EXIT_FAILURE
}

await main()
