import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeCheckResponse, type WrittenAnswer } from '../../../../../test/support/ext-authz/check-wire.ts'
import { seededRandom } from '../../../../../test/support/random.ts'
import { HeaderList } from '../../../../http/header-list.ts'
import { applyChanges, findUnwritable } from '../apply-changes.ts'
import { decodeCheckResponse } from './check-messages.ts'

const rich: WrittenAnswer = {
  code: 0,
  ok: {
    headers: [
      { name: 'x-a', value: 'b', append: true },
      { name: 'x-c', raw: Buffer.from('d'), action: 2 },
    ],
    remove: ['x-e'],
    response: [{ name: 'x-f', value: 'g' }],
    querySet: [['h', 'i']],
    queryRemove: ['j'],
  },
  hasMetadata: true,
}
const refusal: WrittenAnswer = { code: 7, denied: { status: 401, headers: [{ name: 'x-a', value: 'b' }], body: 'no' } }

test('bytes that were changed anywhere are an answer or an error, never more than that', () => {
  const { fraction: random } = seededRandom(8)
  const originals = [rich, refusal].map(writeCheckResponse)
  let errors = 0
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(originals[i % 2] ?? [])
    for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    }
    const cut = bytes.subarray(0, random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length)
    let verdict
    try {
      verdict = decodeCheckResponse(cut)
    } catch (error) {
      assert.ok(error instanceof Error)
      errors++
      continue
    }
    if (verdict.kind === 'deny') assert.ok(verdict.status >= 200 && verdict.status <= 599)
    if (verdict.kind !== 'allow') continue
    const headers = new HeaderList(['host', 'a', 'content-length', '1'])
    const request = { method: 'GET', scheme: 'http', authority: 'a', path: '/', query: '?a=b', headers }
    const applied = applyChanges(request, verdict)
    assert.deepEqual([headers.get('host'), headers.get('content-length'), request.path], ['a', '1', '/'])
    const unwritable = findUnwritable([...headers].map(([name, value]) => ({ name, value })))
    if (applied.kind === 'applied') assert.equal(unwritable, undefined)
    assert.match(request.query, /^(\?[\x21-\x7e]*)?$/)
    assert.doesNotMatch(request.query, /[#\s]/)
  }
  // Else nothing was tried.
  assert.ok(errors > 2000 && errors < 18_000, `${errors} errors`)
})

test('a message in a message of a message, ever deeper, is skipped or refused', () => {
  let nested = Buffer.alloc(0)
  for (let i = 0; i < 2000; i++) {
    const length: number[] = []
    for (let left = nested.length; ; left >>= 7) {
      length.push(left > 127 ? (left & 127) | 128 : left)
      if (left <= 127) break
    }
    nested = Buffer.concat([Buffer.from([0x1a, ...length]), nested])
  }
  assert.equal(decodeCheckResponse(nested).kind, 'allow')
  // Groups, which nobody has written in twenty years, and which readers follow down.
  assert.throws(() => decodeCheckResponse(Buffer.alloc(100_000, 0x33)))
})
