/**
 * What suites that have Fairway alone have in common: one `fairway run` of its own for each case, and
 * plans for the same small requests as in the suite `hbone`.
 */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendPlan } from '../../backend/plan.ts'
import type { LoadPlan } from '../../load/plan.ts'
import { startFairway } from '../../proxies/fairway.ts'
import { SERVICE_AUTHORITY, SERVICE_HOST } from '../../proxies/objects.ts'
import { PATH_PREFIX } from '../../proxies/traffic.ts'
import type { RunningProxy, Upstreams } from '../../proxies/proxy.ts'
import { missingCase } from '../../report.ts'
import type { CaseReport, SuiteReport } from '../../report.ts'
import type { SuiteContext } from '../context.ts'
import { createLaboratory } from '../laboratory.ts'
import type { Laboratory } from '../laboratory.ts'

/** Of every answer. */
export const BODY_BYTES = 1024

/**
 * For generator and destinations. Left to itself V8 collects everything for each 64 MB of buffers that were read or
 * written, which at 80 MB/s is 8 ms of standstill in 3 of 100 requests: theirs, not the proxy's.
 */
export const calmNodeFlags: readonly string[] = [
  '--external-memory-accounted-in-global-limit',
  '--initial-old-space-size=2048',
  '--max-semi-space-size=1',
]

/** A suite's surroundings. */
export interface StrainContext extends SuiteContext {
  readonly laboratory: Laboratory
  readonly backend: BackendPlan
}

/** One case: its name, and how it is measured. */
export interface StrainCase {
  readonly name: string
  readonly measure: (context: StrainContext) => Promise<CaseReport>
}

/** Runs the cases, or the one the options name; what fails is reported with its reason. */
export const runStrainSuite = async (
  suite: string,
  cases: readonly StrainCase[],
  context: SuiteContext & { readonly destinations: number },
): Promise<SuiteReport> => {
  const { caseName } = context.options
  const chosen = cases.filter(({ name }) => caseName === undefined || name === caseName)
  const backend = backendOf(context)
  const reports: CaseReport[] = []
  for (const { name, measure } of chosen) {
    context.progress.show(name)
    // Generator and destinations anew: what the case before left behind shall not disturb this one.
    const laboratory = await createLaboratory(context.children, backend, calmNodeFlags)
    try {
      reports.push(await measure({ ...context, laboratory, backend }))
    } catch (error) {
      reports.push(missingCase(name, 'fairway', error instanceof Error ? error.message : String(error)))
    } finally {
      await laboratory.stop()
    }
  }
  return { suite, cases: reports }
}

const backendOf = (context: SuiteContext & { readonly destinations: number }): BackendPlan => ({
  // By process, since another bench may run on the same machine.
  addresses: Array.from({ length: context.destinations }, (_, i) => `127.2.${process.pid % 256}.${i + 1}`),
  hbonePort: 15008,
  httpPort: 9080,
  httpsPort: 9443,
  bodyBytes: BODY_BYTES,
  tls: context.certificates.backend,
})

/** Runs `use` with a Fairway that nobody has used before, and stops it. */
export const withFairway = async <T>(
  context: StrainContext,
  use: (proxy: RunningProxy) => Promise<T>,
  {
    flags = [],
    ...upstreams
  }: Partial<Pick<Upstreams, 'addresses'>> &
    Pick<Upstreams, 'routes' | 'policies' | 'hasFiveFilters' | 'app' | 'cache'> & {
      readonly flags?: readonly string[]
    } = {},
): Promise<T> => {
  const proxy = await startFairway({
    children: context.children,
    certificates: context.certificates,
    version: context.version,
    dir: mkdtempSync(join(context.dir, 'strain-')),
    upstreams: { ...context.backend, isHbone: true, ...upstreams },
    profileDir: context.options.profileDir,
    flags,
  })
  try {
    return await use(proxy)
  } finally {
    await proxy.stop()
  }
}

/** Where a plan goes, and how much of it there is. */
export type Lanes = Pick<LoadPlan, 'host' | 'port' | 'connections' | 'tunnels'>

/** Small requests over HBONE. */
export const smallRequests = (
  context: StrainContext,
  lanes: Lanes,
  {
    fields,
    ...window
  }: Pick<LoadPlan, 'warmupMs' | 'windowMs' | 'isAnsweredHere'> & {
    readonly ratePerSecond?: number
    /** Further lines of the requests, each with its end. */
    readonly fields?: string | undefined
  },
): LoadPlan => ({
  mode: 'hbone',
  authority: SERVICE_AUTHORITY,
  request: formatRequest(`${PATH_PREFIX}/v1/items?page=3`, fields),
  bodyBytes: BODY_BYTES,
  tls: context.certificates.client,
  ...lanes,
  ...window,
})

/** A request of the bench as bytes, with further lines, each with its end. */
export const formatRequest = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: ${SERVICE_HOST}\r\nuser-agent: fairway-bench\r\naccept: */*\r\n${fields}\r\n`
