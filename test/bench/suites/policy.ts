/**
 * The suite `policy`: what a waypoint is for, with its goals. Ten routes, two AuthorizationPolicies of ten rules each (one
 * denies, one allows, by its last rule), one header filter and metrics, beside an nginx that has TLS on both sides, one
 * route and one header, asks for the client's certificate, and otherwise lets everybody in.
 */
import { hboneSuite } from './hbone.ts'
import type { MeshCase, MeshSuite } from './mesh-case.ts'

/** For CPU time per request over that of nginx, with as many requests in flight. */
const goals: Readonly<Record<string, number>> = {
  'hbone-hbone-1x64': 0.4,
  'hbone-hbone-8x8': 0.5,
  'hbone-hbone-64x1': 1,
  'hbone-hbone-1x1': 2,
}
const PACED = { ratePerSecond: 1000, maxRatio: 1.5, maxP99Ratio: 1.5 }

const shapeOf = ({ connections, tunnels }: MeshCase): string => `${connections}x${tunnels}`

/** The shapes of `hbone` with HBONE on both sides, as fast as it goes, and one at a rate that leaves all of them idle mostly. */
const cases = hboneSuite.cases.flatMap((one): readonly MeshCase[] => {
  const maxRatio = goals[one.name]
  if (maxRatio === undefined) return []
  const shape: MeshCase = { ...one, peers: 'in-flight' }
  const closed = { ...shape, name: `policy-${shapeOf(one)}`, maxRatio }
  return one.name === 'hbone-hbone-8x8'
    ? [closed, { ...shape, ...PACED, name: `policy-paced-${shapeOf(one)}` }]
    : [closed]
})

/** A million requests at least: V8 goes on compiling for so long, and what is to be known is what an hour of service costs. */
const WARM_UP_MS = 12_000
const LAUNCHES = 3

export const policySuite: MeshSuite = {
  ...hboneSuite,
  warmUpMs: WARM_UP_MS,
  launches: LAUNCHES,
  name: 'policy',
  against: ['nginx-tls'],
  objects: { routes: 10, policies: 2 },
  cases,
}
