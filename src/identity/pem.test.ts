import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPem, splitPem } from './pem.ts'

test('what is written is read again', () => {
  for (const size of [0, 1, 47, 48, 49, 1000]) {
    const pem = formatPem('CERTIFICATE', Buffer.alloc(size, 7))
    assert.ok(pem.split('\n').every((line) => line.length <= 64))
    assert.deepEqual(splitPem('CERTIFICATE', pem), [pem.trimEnd()])
    const body = pem.replaceAll(/-----.*-----|\n/g, '')
    assert.deepEqual(Buffer.from(body, 'base64'), Buffer.alloc(size, 7))
  }
})

test('a view of a larger buffer is written as itself', () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4)
  assert.match(formatPem('X509 CRL', bytes), /^-----BEGIN X509 CRL-----\nAgME\n-----END X509 CRL-----\n$/)
})

const one = formatPem('CERTIFICATE', Buffer.from('one'))
const two = formatPem('CERTIFICATE', Buffer.from('two'))

const cases: readonly { readonly what: string; readonly text: string; readonly count: number | undefined }[] = [
  { what: 'nothing', text: '', count: 0 },
  { what: 'two', text: one + two, count: 2 },
  { what: 'words between them', text: `# the old one\n${one}\nthe new - one -\n${two}\n`, count: 2 },
  { what: 'no line between them', text: one.trimEnd() + two, count: 2 },
  { what: 'lines that end as on Windows', text: (one + two).replaceAll('\n', '\r\n'), count: 2 },
  { what: 'another label', text: formatPem('X509 CRL', Buffer.from('x')) + one, count: 1 },
  { what: 'the second cut off in its body', text: one + two.slice(0, 30), count: undefined },
  { what: 'the second cut off in its last line', text: one + two.slice(0, -6), count: undefined },
  { what: 'the first cut off', text: one.slice(0, 30) + two, count: undefined },
]

for (const { what, text, count } of cases) {
  test(`blocks of a text with ${what}`, () => {
    assert.equal(splitPem('CERTIFICATE', text)?.length, count)
  })
}
