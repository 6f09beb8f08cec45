import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { startedWith } from './started-with.ts'

const base: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}
const deployment = (...args: readonly string[]) => ({
  spec: {
    template: {
      spec: {
        containers: [
          { name: 'sidecar', args: ['--zone=a'] },
          { name: 'fairway', args },
        ],
      },
    },
  },
})

const cases: readonly {
  readonly what: string
  readonly given: unknown
  readonly options?: Partial<TranslateOptions>
  readonly flags?: readonly string[]
}[] = [
  { what: 'what is not there says nothing', given: undefined },
  { what: 'other flags say nothing', given: deployment('run', '--kube', '--access-log=json', '--workers', '1') },
  {
    what: 'those that count',
    given: deployment('run', '--cluster-domain=a.b', '--path-normalization=NONE', '--trust-domain', 'x.y,z'),
    options: { clusterDomain: 'a.b', pathNormalization: 'NONE', trustDomain: 'x.y', trustDomainAliases: ['z'] },
    flags: ['trust-domain', 'path-normalization'],
  },
  {
    what: 'of several the last',
    given: deployment('run', '--path-normalization=NONE', '--path-normalization', 'MERGE_SLASHES'),
    options: { pathNormalization: 'MERGE_SLASHES' },
    flags: ['path-normalization'],
  },
  {
    what: 'what no waypoint starts with',
    given: deployment('run', '--path-normalization=SOME', '--cluster-domain=a.b'),
  },
  { what: 'variables, which nobody here knows', given: deployment('run', '--trust-domain=$(TRUST_DOMAIN)') },
]

describe('what a waypoint was started with', () => {
  for (const { what, given, options = {}, flags = [] } of cases) {
    it(what, () => {
      const found = startedWith(given, base)
      assert.deepEqual([found.options, found.flags], [{ ...base, ...options }, flags])
    })
  }
})
