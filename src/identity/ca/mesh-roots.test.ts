import assert from 'node:assert/strict'
import { createCertificate, type CertificateIssuer, type CertificateUsage } from './certificate.ts'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { splitAnswer, uniteRoots } from './mesh-roots.ts'

const block = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`

test('each root comes once, whatever stands between them', () => {
  const united = uniteRoots(
    `# old\n${block('AAAA')}${block('BB\nBB')}`,
    block('BBBB').replaceAll('\n', '\r\n'),
    '',
    block('CCCC'),
  )
  assert.equal(united, block('AAAA') + block('BBBB') + block('CCCC'))
})

test('long ones are broken into lines as PEM has it', () => {
  assert.equal(uniteRoots(block('A'.repeat(100))), block(`${'A'.repeat(64)}\n${'A'.repeat(36)}`))
})

test('nothing comes to nothing', () => assert.equal(uniteRoots('', 'no certificate'), ''))

const issuerOf = (commonName: string): CertificateIssuer => ({
  commonName,
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
})

const issue = (commonName: string, usage: CertificateUsage, of: CertificateIssuer, issuer = of): string =>
  createCertificate({
    publicKey: of.publicKey,
    commonName,
    issuer,
    notBeforeMs: Date.UTC(2026, 0),
    notAfterMs: Date.UTC(2027, 0),
    usage,
  })

const one = issuerOf('one')
const two = issuerOf('two')
const rootOne = issue('one', { kind: 'root' }, one)
const rootTwo = issue('two', { kind: 'root' }, two)
/** Two's key, vouched for by one. */
const between = issue('two', { kind: 'root' }, two, one)
/** Signed by nobody but itself, and no CA. */
const leafUsage = { kind: 'leaf', names: [], purposes: [] } as const
const alone = issue('three', leafUsage, issuerOf('three'))
const leaf = issue('leaf', leafUsage, issuerOf('leaf'), two)

const cases: readonly {
  readonly what: string
  readonly elements: readonly string[]
  readonly shown?: readonly string[]
  readonly roots?: readonly string[]
}[] = [
  { what: 'nothing', elements: [] },
  { what: 'a leaf alone', elements: [leaf] },
  { what: 'a leaf and a root', elements: [leaf, rootTwo], shown: [leaf], roots: [rootTwo] },
  { what: 'an intermediate', elements: [leaf, between, rootOne], shown: [leaf, between], roots: [rootOne] },
  { what: 'several roots in the last', elements: [leaf, rootOne + rootTwo], shown: [leaf], roots: [rootOne, rootTwo] },
  {
    what: 'several roots, one in each',
    elements: [leaf, between, rootTwo, rootOne],
    shown: [leaf, between],
    roots: [rootTwo, rootOne],
  },
  {
    what: 'all but the last in one',
    elements: [leaf, between + rootTwo, rootOne],
    shown: [leaf, between],
    roots: [rootTwo, rootOne],
  },
  {
    what: 'all but the last in the first',
    elements: [leaf + between + rootTwo, rootOne],
    shown: [leaf, between],
    roots: [rootTwo, rootOne],
  },
  { what: 'a leaf that signed itself', elements: [alone, rootOne], shown: [alone], roots: [rootOne] },
  { what: 'a CA that signed itself for a leaf', elements: [rootTwo, rootOne], shown: [rootTwo], roots: [rootOne] },
  { what: 'another one that did', elements: [leaf, alone, rootOne], shown: [leaf, alone], roots: [rootOne] },
  { what: 'what is no certificate', elements: [leaf, 'x', rootOne], shown: [leaf, 'x\n'], roots: [rootOne] },
  { what: 'no certificate first', elements: ['x', rootTwo, rootOne], shown: ['x\n'], roots: [rootTwo, rootOne] },
]

for (const { what, elements, shown, roots } of cases) {
  test(`an answer with ${what}`, () => {
    const expected =
      shown === undefined || roots === undefined
        ? undefined
        : { certificateChainPem: shown.join(''), rootsPem: roots.join('') }
    assert.deepEqual(splitAnswer(elements), expected)
  })
}
