/** Damaged messages: whatever our codec takes, `node:http` reads as the same message. What we refuse is not its concern. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { mutateH1 } from '../fuzz/mutate/h1.ts'
import { BAD_REQUESTS, GOOD_REQUESTS } from '../support/http/h1-cases.ts'
import { WHY } from '../support/http/h1-corpus/why.ts'
import { seededRandom } from '../support/random.ts'
import { NodeServer } from './h1-node-reader.ts'
import { readRequests } from './h1-own-reader.ts'

const ROUNDS = 6000
const AT_ONCE = 32
// Good ones twice: of the others little survives.
const SEEDS = [...GOOD_REQUESTS, ...GOOD_REQUESTS, ...BAD_REQUESTS].map(({ text }) => Buffer.from(text, 'latin1'))

/** The only reasons for which `node:http` may read otherwise what we take. */
const EXPLAINED: readonly { readonly why: string; readonly isIt: (text: string) => boolean }[] = [
  { why: WHY.method, isIt: (text) => readRequests(text).messages.some(({ line }) => !isKnownMethod(line)) },
  { why: WHY.padded, isIt: (text) => /^content-length:[ \t]*0[0-9]/im.test(text) },
  { why: WHY.codingBlanks, isIt: (text) => /^transfer-encoding:[ \t]*chunked *\t/im.test(text) },
]

const server = new NodeServer()
before(() => server.listen())
after(() => server.close())

test(`of ${ROUNDS} damaged messages, node:http reads each that we take as we do`, async () => {
  let taken = 0
  for (let seed = 0; seed < ROUNDS; seed += AT_ONCE) {
    const checked = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => check(seed + i)))
    taken += checked.filter(Boolean).length
  }
  assert.ok(taken > ROUNDS / 20, `only ${taken} of ${ROUNDS} were taken`)
})

/** Whether we took any message of it. */
async function check(seed: number): Promise<boolean> {
  const random = seededRandom(seed)
  let input: Buffer = random.pick(SEEDS)
  for (let i = 1 + random.below(2); i > 0; i--) input = mutateH1(input, random.pick(SEEDS), random)
  const text = input.toString('latin1')
  const ours = readRequests(text)
  if (ours.messages.length === 0 || EXPLAINED.some(({ isIt }) => isIt(text))) return false
  const { messages } = await server.read(text)
  assert.deepEqual(messages.slice(0, ours.messages.length), ours.messages, `seed ${seed}: ${JSON.stringify(text)}`)
  return true
}

function isKnownMethod(line: string): boolean {
  return http.METHODS.includes(line.slice(0, line.indexOf(' ')))
}
