import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ResponseReader } from './response-reader.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello'
const empty = 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n'

const read = (chunks: readonly string[]): { answers: string[]; failures: string[] } => {
  const answers: string[] = []
  const failures: string[] = []
  const reader = new ResponseReader(
    (status, bytes) => answers.push(`${status} ${bytes}`),
    (why) => failures.push(why),
  )
  for (const chunk of chunks) {
    // Surrounded by what belongs to others, as a piece of a larger read is.
    const buffer = Buffer.from(`\r\n\r\n${chunk}\r\n\r\n`, 'latin1')
    reader.feed(buffer, 4, buffer.length - 4)
  }
  return { answers, failures }
}

describe('answers are found', () => {
  test('whole', () => assert.deepEqual(read([ok]), { answers: ['200 5'], failures: [] }))
  test('several at once', () => assert.deepEqual(read([ok + empty + ok]).answers, ['200 5', '204 0', '200 5']))
  test('cut anywhere', () => {
    const text = ok + empty
    for (let at = 1; at < text.length; at++) {
      assert.deepEqual(read([text.slice(0, at), text.slice(at)]).answers, ['200 5', '204 0'], `cut at ${at}`)
    }
  })
  test('byte by byte', () => assert.deepEqual(read((ok + ok).split('')).answers, ['200 5', '200 5']))
})

describe('what cannot be measured is refused with a reason', () => {
  for (const [name, text, why] of [
    ['no content-length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', /without content-length/],
    ['no HTTP', 'SSH-2.0-x\r\n\r\n', /no answer: SSH/],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(4000)}`, /more than 16384 bytes/],
  ] as const) {
    test(name, () => {
      const { answers, failures } = read([text.slice(0, 10), text.slice(10)])
      assert.deepEqual(answers, [])
      assert.match(failures.join(), why)
    })
  }

  test('and nothing is answered after that', () => {
    assert.deepEqual(read(['nonsense\r\n\r\n', ok]).answers, [])
  })
})
