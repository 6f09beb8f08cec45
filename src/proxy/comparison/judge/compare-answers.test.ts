import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { comparisonOf } from '../../../../test/support/comparison.ts'
import { runSteps } from '../../../lib/steps/run-steps.ts'
import type { Answer, AnswerBody } from '../answer.ts'
import { compareAnswers, compileRules, openAnswer } from './compare-answers.ts'
import { formatPlace } from './format-value.ts'

const bytes = (text: string | Buffer, coding = 'identity', isJson = true): AnswerBody => ({
  kind: 'bytes',
  bytes: Buffer.from(text),
  coding,
  isJson,
})
const answer = (parts: Partial<Answer> = {}): Answer => ({
  status: 200,
  headers: ['application/json'],
  grpcStatus: undefined,
  body: bytes('{"a":1}'),
  ...parts,
})

const compare = async (a: Answer, b: Answer): Promise<readonly string[] | undefined> => {
  const [first, second] = await Promise.all([openAnswer(a, 1000), openAnswer(b, 1000)])
  if (first === undefined || second === undefined) return undefined
  const rules = compileRules(comparisonOf())
  return runSteps(compareAnswers(first(), second(), rules)).map((one) => `${one.kind} ${formatPlace(one)}`)
}

const digest = (text: string): AnswerBody => ({ kind: 'digest', digest: text, lengthBytes: 4 })
const a1 = '{"a":1}'

const cases: readonly (readonly [what: string, a: Partial<Answer>, b: Partial<Answer>, told: readonly string[]])[] = [
  ['the same', {}, {}, []],
  ['a status, and nothing beside', {}, { status: 500, body: bytes('oops', 'identity', false) }, ['value status']],
  ['a status of gRPC', { grpcStatus: '0' }, { grpcStatus: '13' }, ['value trailer grpc-status']],
  ['no status of gRPC', { grpcStatus: '0' }, {}, ['missing trailer grpc-status']],
  ['a header', {}, { headers: ['text/json'] }, ['value header content-type']],
  ['a header gone', {}, { headers: [undefined] }, ['missing header content-type']],
  ['a place in a body', {}, { body: bytes('{"a":2}') }, ['value body /a']],
  ['spaces', {}, { body: bytes('{ "a" : 1 }') }, []],
  [
    'names of 19 digits',
    { body: bytes('[1234567890123456788]') },
    { body: bytes('[1234567890123456789]') },
    ['value body /0'],
  ],
  ['bytes', { body: digest('aaaa') }, { body: digest('bbbb') }, ['value body']],
  ['the same bytes', { body: digest('aaaa') }, { body: digest('aaaa') }, []],
  ['text in place of JSON', {}, { body: digest('aaaa') }, ['type body']],
  ['what only says that it is JSON', { body: bytes('{') }, { body: bytes('}') }, ['value body']],
  ['the same of that', { body: bytes('{') }, { body: bytes('{') }, []],
  ['no UTF-8', { body: bytes(Buffer.from([0x22, 0xff, 0x22])) }, { body: bytes('"a"') }, ['type body']],
  ['nothing at all', { body: bytes('') }, { body: bytes('') }, []],
  ['bodies that nobody wants', { body: { kind: 'none' } }, { body: { kind: 'none' } }, []],
  ['gzip and none', {}, { body: bytes(gzipSync(a1), 'gzip') }, []],
  ['brotli and zstd', { body: bytes(brotliCompressSync(a1), 'br') }, { body: bytes(zstdCompressSync(a1), 'zstd') }, []],
  ['deflate', { body: bytes(deflateSync('{"a":2}'), 'deflate') }, {}, ['value body /a']],
  [
    'text in two codings',
    { body: bytes(gzipSync('text'), 'gzip', false) },
    { body: bytes(brotliCompressSync('text'), 'br', false) },
    [],
  ],
]

describe('of two answers is told', () => {
  for (const [what, a, b, told] of cases) {
    it(what, async () => assert.deepEqual(await compare(answer(a), answer(b)), told))
  }
})

describe('is not compared', () => {
  for (const [what, body] of [
    ['what is no gzip', bytes('{}', 'gzip')],
    ['a coding that nobody knows', bytes('{}', 'gzip, br')],
    ['a coding of objects', bytes('{}', 'constructor')],
    ['a bomb', bytes(gzipSync(Buffer.alloc(100_000)), 'gzip')],
  ] as const) {
    it(what, async () => assert.equal(await compare(answer(), answer({ body })), undefined))
  }
})

it('JSON that is nested too deeply differs as a whole, where it does', async () => {
  const deep = (leaf: number): Partial<Answer> => ({ body: bytes(`${'['.repeat(200)}${leaf}${']'.repeat(200)}`) })
  assert.deepEqual(await compare(answer(deep(1)), answer(deep(2))), ['value body'])
  assert.deepEqual(await compare(answer(deep(1)), answer(deep(1))), [])
})
