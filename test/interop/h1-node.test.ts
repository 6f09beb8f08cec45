/**
 * The corpus of HTTP/1.1, read by our codec and by `node:http`, a parser of another origin: they must agree on what is
 * refused, and to the letter on what is read. Where they do not, the case says why, and says it only as long as it holds.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BAD_REQUESTS, BAD_RESPONSES, GOOD_REQUESTS, GOOD_RESPONSES } from '../support/http/h1-cases.ts'
import type { BadCase, GoodCase } from '../support/http/h1-corpus/case.ts'
import { NodeServer, type Reading, readWithNodeClient } from './h1-node-reader.ts'
import { readRequests, readResponse } from './h1-own-reader.ts'

const REQUESTS = [...GOOD_REQUESTS, ...BAD_REQUESTS]
const RESPONSES = [...GOOD_RESPONSES, ...BAD_RESPONSES]
const AT_ONCE = 32

test('the corpus has at least 300 messages, each by a name of its own', () => {
  assert.ok(REQUESTS.length >= 300, `${REQUESTS.length}`)
  assert.equal(new Set(REQUESTS.map(({ name }) => name)).size, REQUESTS.length)
  assert.equal(new Set(RESPONSES.map(({ name }) => name)).size, RESPONSES.length)
})

describe('node:http reads the request as we do, or the case says why not:', () => {
  const server = new NodeServer()
  let readings: readonly Reading[] = []
  before(async () => {
    await server.listen()
    readings = await inTurns(REQUESTS, ({ text }) => server.read(text))
  })
  after(() => server.close())
  for (const [i, one] of REQUESTS.entries()) test(one.name, () => compare(one, readRequests(one.text), readings[i]))
})

describe('node:http reads the response as we do, or the case says why not:', () => {
  let readings: readonly Reading[] = []
  before(async () => {
    readings = await inTurns(RESPONSES, ({ text, methods }) => readWithNodeClient(text, methods?.[0] ?? 'GET'))
  })
  for (const [i, one] of RESPONSES.entries())
    test(one.name, () => compare(one, readResponse(one.text, one.methods?.[0] ?? 'GET'), readings[i]))
})

function compare({ differs }: GoodCase | BadCase, ours: Reading, theirs: Reading | undefined): void {
  if (differs === undefined) return assert.deepEqual(theirs, ours)
  assert.notDeepEqual(theirs, ours, `it does not differ any more: ${differs}`)
}

async function inTurns<Input, Output>(
  inputs: readonly Input[],
  run: (input: Input) => Promise<Output>,
): Promise<readonly Output[]> {
  const outputs: Output[] = []
  for (let i = 0; i < inputs.length; i += AT_ONCE)
    outputs.push(...(await Promise.all(inputs.slice(i, i + AT_ONCE).map(run))))
  return outputs
}
