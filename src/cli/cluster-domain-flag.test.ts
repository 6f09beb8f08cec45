import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { decodeClusterDomain } from './cluster-domain-flag.ts'
import { CliError } from './verb.ts'

const good = ['cluster.local', 'local', 'k8s-1.example.com', `${'a'.repeat(63)}.b`]
const bad: readonly (readonly [domain: string, next: string | undefined])[] = [
  ['', undefined],
  ['cluster..local', undefined],
  ['.cluster.local', 'did you mean cluster.local?'],
  ['cluster.local.', 'did you mean cluster.local?'],
  ['Cluster.Local', 'did you mean cluster.local?'],
  ['-a.b', undefined],
  ['a_b', undefined],
  ['cluster.local\n', undefined],
  [`${'a'.repeat(64)}.b`, undefined],
  [Array.from({ length: 128 }, () => 'a').join('.'), undefined],
]

const chart = JSON.parse(readFileSync('charts/fairway/values.schema.json', 'utf8'))
const { pattern, maxLength } = chart.properties.mesh.properties.clusterDomain
const isOfChart = (domain: string): boolean => new RegExp(pattern).test(domain) && domain.length <= maxLength

describe('a cluster domain', () => {
  it('is the same to the chart', () => {
    assert.deepEqual(good.filter(isOfChart), good)
    assert.deepEqual(
      bad.filter(([domain]) => isOfChart(domain)),
      [],
    )
  })
  for (const domain of good) it(`is ${domain}`, () => assert.equal(decodeClusterDomain(domain), domain))
  for (const [domain, next] of bad) {
    it(`is not ${JSON.stringify(domain)}`, () =>
      assert.throws(
        () => decodeClusterDomain(domain),
        (error) => error instanceof CliError && error.exitCode === 64 && error.next === next,
      ))
  }
})
