/** Versions of a user's filter that replace each other under load: each request must see exactly one of them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Echo } from './destination.ts'
import { eventually } from './eventually.ts'
import type { RunningFairway } from './fairway-process.ts'
import type { Answer } from './hbone-client.ts'
import { startLoad, type LoadReport } from './load.ts'
import { replaceFile } from './mesh-certificates.ts'
import { createMesh } from './mesh.ts'
import { gateway, service } from './objects.ts'

export interface FilterReloadOptions {
  /** `NETWORK.1` is used. */
  readonly network: string
  readonly workers: number
  readonly reloads: number
  readonly durationMs: number
  /** Of concurrent requests; default 8. */
  readonly lanes?: number
  /** Each version is waited for before the next one is written. */
  readonly isPaced?: true
  /** Looks at the waypoint now and then: after each reload. */
  readonly onReload?: (n: number, fairway: RunningFairway) => Promise<void>
}

export interface FilterReloadReport extends LoadReport {
  /** How many different versions had requests. */
  readonly seen: number
  readonly seconds: number
}

const VIP = '10.96.0.10:80'

/** What a filter with some local file looks like; both hooks leave the number of the version. */
const versionOf = (n: number): string => `import type { FilterDefinition } from 'fairway/filter'
import { schema } from 'fairway/filter'

const mark = '${n}'
const definition: FilterDefinition<{ readonly prefix: string }> = {
  kind: 'Mark',
  stage: 'shape',
  config: schema.object({ prefix: schema.string() }),
  create: ({ prefix }) => ({
    onRequest: ({ request }) => request.headers.set(\`\${prefix}-request\`, mark),
    onResponse: ({ response }) => response?.headers.set(\`\${prefix}-response\`, mark),
  }),
}; export default definition
`

const filter = {
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'Filter',
  metadata: { name: 'mark', namespace: 'shop' },
  spec: {
    module: 'mark.ts',
    config: { prefix: 'x-mark' },
    targetRefs: [{ kind: 'Service', name: 'api' }],
  },
}

/** Rewrites the filter `reloads` times during the load, and says what the load met with. */
export const reloadFilterUnderLoad = async (options: FilterReloadOptions): Promise<FilterReloadReport> => {
  const { network, workers, reloads, durationMs, lanes = 8, onReload, isPaced } = options
  await using mesh = await createMesh([
    gateway,
    ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
    filter,
  ])
  const folder = join(mesh.dir, 'filters')
  mkdirSync(folder)
  const write = (n: number): void => replaceFile(join(folder, 'mark.ts'), versionOf(n))
  write(0)
  await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
  const fairway = await mesh.startFairway(workers, ['--filters', folder])
  const seen = new Set<number>()
  const newest: number[] = []
  const startedMs = performance.now()
  const load = startLoad({
    lanes,
    lanesPerConnection: Math.max(2, lanes / 4),
    dial: () => mesh.dial(fairway),
    authority: VIP,
    check: (answer, lane) => {
      const found = versionIn(answer)
      if (typeof found === 'string') return found
      seen.add(found)
      // A lane stays on one connection, that is, with one worker: there is no way back.
      if (found < (newest[lane] ?? 0)) return `version ${found} after ${newest[lane]}`
      newest[lane] = found
      return undefined
    },
  })
  for (let n = 1; n <= reloads; n++) {
    await delay(durationMs / reloads)
    write(n)
    if (isPaced === true) await eventually(`version ${n}`, () => seen.has(n))
    await onReload?.(n, fairway)
  }
  await eventually('the last version in every lane', () => newest.every((latest) => latest === reloads))
  const report = await load.stop()
  return { ...report, seen: seen.size, seconds: (performance.now() - startedMs) / 1000 }
}

/** The one version that an answer is of, or what is wrong with it. */
const versionIn = ({ status, headers, body }: Answer): number | string => {
  if (status !== 200) return `${status} ${body}`
  // The destination is ours.
  const echo = JSON.parse(body) as Echo
  const [on, back] = [Number(echo.headers['x-mark-request']), Number(headers['x-mark-response'])]
  return on === back ? on : `two versions: ${on} and ${back}`
}
