import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecisionBook } from './decision-book.ts'
import type { Decision, Message } from './decision.ts'

const message = (target: string): Message => ({ method: '', target, headers: [], body: Buffer.alloc(0) })

const line = (id: string, details = 'via_upstream'): string =>
  JSON.stringify({ request_id: id, response_code_details: details, duration: 4 })

const start = () => {
  const told: Decision[] = []
  return { told, book: new DecisionBook((decision) => void told.push(decision)) }
}

test('a decision is told when client and log have both spoken, in whatever order', () => {
  const { told, book } = start()
  for (const id of ['a', 'b']) book.noteSent(id, message(id))
  book.noteEchoed('a', { request: message('A'), response: message('answer') })
  book.noteReceived('a', 200, message('got'))
  assert.equal(told.length, 0)
  book.noteLogged(line('a'))
  book.noteLogged(line('b', 'denied'))
  book.noteReceived('b', 403, message('no'))
  const seen = told.map(({ sent, arrived, answered, received, status, reason, durationMs }) => [
    ...[sent.target, arrived?.target, answered?.target, received.target],
    ...[status, reason, durationMs],
  ])
  assert.deepEqual(seen, [
    ['a', 'A', 'answer', 'got', 200, 'via_upstream', 4],
    ['b', undefined, undefined, 'no', 403, 'denied', 4],
  ])
})

test('an answer in place of the backend’s is not compared with it', () => {
  const { told, book } = start()
  book.noteSent('a', message('a'))
  book.noteEchoed('a', { request: message('A'), response: message('answer') })
  book.noteLogged(line('a', 'filter_failed'))
  book.noteReceived('a', 500, message('sorry'))
  assert.deepEqual([told[0]?.arrived?.target, told[0]?.answered], ['A', undefined])
})

test('what is unknown, or no line of the access log, is passed over', () => {
  const { told, book } = start()
  for (const text of ['', '{', 'null', '7', '{}', line('unknown'), '{"request_id":7}']) book.noteLogged(text)
  book.noteReceived('unknown', 200, message(''))
  assert.equal(told.length, 0)
})

test('what failed is told once, and no decision follows', () => {
  const { told, book } = start()
  book.noteSent('a', message('a'))
  assert.equal(book.noteFailed('a')?.target, 'a')
  assert.equal(book.noteFailed('a'), undefined)
  book.noteLogged(line('a'))
  book.noteReceived('a', 200, message(''))
  assert.equal(told.length, 0)
})

test('requests whose other half never comes are let go of', () => {
  const { told, book } = start()
  for (let i = 0; i <= 1000; i++) book.noteSent(String(i), message(''))
  for (const id of ['0', '1']) {
    book.noteLogged(line(id))
    book.noteReceived(id, 200, message(''))
  }
  assert.equal(told.length, 1)
})
