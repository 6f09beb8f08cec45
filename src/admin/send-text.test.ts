import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { sendText } from './send-text.ts'

/** What a client gets of the parts. */
const ask = async (t: TestContext, parts: () => AsyncIterable<string>): Promise<IncomingMessage> => {
  const server = createServer((_, response) => {
    sendText(response, parts()).then(
      () => response.end(),
      () => response.destroy(),
    )
  }).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [response]: IncomingMessage[] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response')
  assert.ok(response)
  return response
}

const readAll = async (response: IncomingMessage): Promise<string> =>
  Buffer.concat(await Array.fromAsync(response)).toString()

test('a text arrives as it is, whatever its parts', async (t) => {
  const parts = [
    '',
    'a',
    'é'.repeat(40_000),
    '🐈'.repeat(30_001),
    `x${'🐈'.repeat(30_001)}`,
    'b'.repeat(500_000),
    'end',
  ]
  const many = Array.from({ length: 3000 }, (_, i) => `line ${i} ${'y'.repeat(i % 700)}\n`)
  const all = [...parts, ...many]
  const response = await ask(t, async function* () {
    for (const part of all) yield part
  })
  assert.equal(await readAll(response), all.join(''))
})

test('nothing more is made for who reads nothing, or has gone', async (t) => {
  let made = 0
  const over = Promise.withResolvers<void>()
  const response = await ask(t, async function* () {
    try {
      for (;;) {
        made++
        yield 'z'.repeat(16 * 1024)
      }
    } finally {
      over.resolve()
    }
  })
  let before = -1
  // Until the socket is full: then it stands still.
  while (made !== before) {
    before = made
    for (let i = 0; i < 50; i++) await new Promise(setImmediate)
  }
  assert.ok(made < 5000, `${made} parts`)
  response.destroy()
  await over.promise
})

test('what fails in the middle is an answer that breaks off', async (t) => {
  const response = await ask(t, async function* () {
    yield 'a'.repeat(100_000)
    throw new Error('no more')
  })
  await assert.rejects(readAll(response), { code: 'ECONNRESET' })
})

test('several at a time do not get what is meant for another', async (t) => {
  const texts = Array.from({ length: 12 }, (_, i) => `${i};`.repeat(200_000))
  let next = 0
  const responses = await Promise.all(
    texts.map(() =>
      ask(t, async function* () {
        const text = texts[next++] ?? ''
        for (let at = 0; at < text.length; at += 10_000) yield text.slice(at, at + 10_000)
      }),
    ),
  )
  const got = await Promise.all(responses.map(readAll))
  assert.deepEqual(
    got.map((text) => texts.indexOf(text)).toSorted((a, b) => a - b),
    texts.map((_, i) => i),
  )
})
