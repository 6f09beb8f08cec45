/** Configurations that replace each other under load: each request must see exactly one of them. */
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Echo } from './destination.ts'
import { eventually } from './eventually.ts'
import type { Answer } from './hbone-client.ts'
import { startLoad, type LoadReport } from './load.ts'
import { createMesh } from './mesh.ts'
import { backend, formatObjects, gateway, httpRoute, service } from './objects.ts'

export interface ReloadOptions {
  /** Two addresses `NETWORK.1` and `NETWORK.2` are used. */
  readonly network: string
  readonly workers: number
  readonly reloads: number
  readonly durationMs: number
  /** `rename`: another file takes the name; `in-place`: the file is truncated and written. */
  readonly writing: 'rename' | 'in-place'
}

export interface ReloadReport extends LoadReport {
  /** How many different configurations answered requests. */
  readonly seen: number
}

const VIP = '10.96.0.10:80'

/** Rewrites the objects `reloads` times during the load, and says what the load met with. */
export const reloadUnderLoad = async (options: ReloadOptions): Promise<ReloadReport> => {
  const { network, workers, reloads, durationMs, writing } = options
  await using mesh = await createMesh(generation(0, network))
  await mesh.startPod('even', { address: `${network}.1`, port: 9080 })
  await mesh.startPod('odd', { address: `${network}.2`, port: 9080 })
  const fairway = await mesh.startFairway(workers)
  const seen = new Set<number>()
  const newest: number[] = []
  const load = startLoad({
    lanes: 8,
    lanesPerConnection: 2,
    dial: () => mesh.dial(fairway),
    authority: VIP,
    check: (answer, lane) => {
      const found = generationOf(answer)
      if (typeof found === 'string') return found
      seen.add(found)
      // A lane stays on one connection, that is, with one worker: there is no way back.
      if (found < (newest[lane] ?? 0)) return `generation ${found} after ${newest[lane]}`
      newest[lane] = found
      return undefined
    },
  })
  for (let n = 1; n <= reloads; n++) {
    await delay(durationMs / reloads)
    if (writing === 'rename') mesh.write(generation(n, network))
    else writeFileSync(mesh.objectsFile, formatObjects(generation(n, network)))
  }
  await eventually('the last configuration in every lane', () => newest.every((latest) => latest === reloads))
  return { ...(await load.stop()), seen: seen.size }
}

/** The rule, its backend and the answer each carry the number; the backend's name is its parity. */
const generation = (n: number, network: string): readonly object[] => {
  const set = (name: string): object => ({ set: [{ name, value: String(n) }] })
  return [
    gateway,
    ...service({ name: 'api', vip: '10.96.0.10', endpoints: [] }),
    ...service({ name: 'even', vip: '10.96.0.11', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
    ...service({ name: 'odd', vip: '10.96.0.12', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
    httpRoute('api', [
      {
        filters: [
          { type: 'RequestHeaderModifier', requestHeaderModifier: set('x-generation-rule') },
          { type: 'ResponseHeaderModifier', responseHeaderModifier: set('x-generation-answer') },
        ],
        backendRefs: [
          backend(n % 2 === 0 ? 'even' : 'odd', {
            filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: set('x-generation-backend') }],
          }),
        ],
      },
    ]),
  ]
}

/** The one generation that an answer is of, or what is wrong with it. */
const generationOf = ({ status, headers, body }: Answer): number | string => {
  if (status !== 200) return `${status} ${body}`
  // The destination is ours.
  const echo = JSON.parse(body) as Echo
  const marks = [
    echo.headers['x-generation-rule'],
    echo.headers['x-generation-backend'],
    headers['x-generation-answer'],
  ].map(Number)
  const [n = Number.NaN] = marks
  if (marks.some((mark) => mark !== n) || echo.name !== (n % 2 === 0 ? 'even' : 'odd')) {
    return `mixed generations: ${marks.join(', ')} at ${echo.name}`
  }
  return n
}
