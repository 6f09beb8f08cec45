import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uniteRoots } from './unite-roots.ts'

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
