import assert from 'node:assert/strict'
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

describe('a cluster domain', () => {
  for (const domain of good) it(`is ${domain}`, () => assert.equal(decodeClusterDomain(domain), domain))
  for (const [domain, next] of bad) {
    it(`is not ${JSON.stringify(domain)}`, () =>
      assert.throws(
        () => decodeClusterDomain(domain),
        (error) => error instanceof CliError && error.exitCode === 64 && error.next === next,
      ))
  }
})
