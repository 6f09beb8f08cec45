import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bulkPath, readBulkRequest } from './bulk.ts'

const read = (text: string): number | undefined => {
  const bytes = Buffer.from(`..${text}`, 'latin1')
  return readBulkRequest(bytes, 2, bytes.length)
}

test('a request for a long answer says how long', () => {
  assert.equal(read(`GET ${bulkPath(1 << 30)} HTTP/1.1\r\nhost: a\r\n\r\n`), 1 << 30)
})

test('other requests, and what is no request, are left to the responder', () => {
  for (const text of ['GET /api/v1/items HTTP/1.1\r\n\r\n', 'GET /api/buy HTTP/1.1\r\n\r\n', 'GET /api', '']) {
    assert.equal(read(text), undefined)
  }
})
