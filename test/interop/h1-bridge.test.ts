/** What the bridge makes of hostile HTTP/2 requests, read by `node:http`: the same request, or it was refused. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { requestToH1 } from '../../src/http/bridge/request.ts'
import { LAST_CHUNK, encodeRequestHead } from '../../src/http/h1/encode.ts'
import { CHUNKED } from '../../src/http/h1/message.ts'
import { findField } from '../../src/http/h2/fields.ts'
import { hostileRequest, regularFields } from '../support/http/hostile-fields.ts'
import { seededRandom } from '../support/random.ts'
import { NodeServer } from './h1-node-reader.ts'

const ROUNDS = 2000
const AT_ONCE = 32

const server = new NodeServer()
before(() => server.listen())
after(() => server.close())

test(`of ${ROUNDS} hostile lists, node:http reads each that is taken as the same request`, async () => {
  const seeds = Array.from({ length: ROUNDS }, (_, i) => 9113 + i)
  let taken = 0
  for (let i = 0; i < ROUNDS; i += AT_ONCE) {
    const checked = await Promise.all(seeds.slice(i, i + AT_ONCE).map(check))
    taken += checked.filter(Boolean).length
  }
  assert.ok(taken > ROUNDS / 5 && taken < ROUNDS * 0.8, `${taken} of ${ROUNDS} were taken`)
})

/** Whether the list of that seed was taken. */
async function check(seed: number): Promise<boolean> {
  const random = seededRandom(seed)
  const fields = hostileRequest(random)
  const bridged = requestToH1(fields, random.chance(0.5))
  if ('code' in bridged) return false
  const { bodyLength } = bridged.framing
  const head = String(encodeRequestHead(bridged.line, bridged.headers, bridged.framing))
  const body = bodyLength === CHUNKED ? LAST_CHUNK : 'x'.repeat(bodyLength)
  const { messages, isRefused } = await server.read(head + body)
  const what = `seed ${seed}: ${JSON.stringify({ fields, head })}`
  assert.ok(!isRefused, what)
  assert.equal(messages.length, 1, what)
  const [message] = messages
  const host = findField(fields, ':authority') ?? findField(fields, 'host')
  assert.equal(message?.line, `${findField(fields, ':method')} ${findField(fields, ':path') ?? host}`, what)
  assert.equal(findField(message.fields, 'host'), host, what)
  const read = message.fields.filter((_, i) => message.fields[i - (i % 2)] !== 'transfer-encoding')
  assert.deepEqual(regularFields(read), regularFields(fields), what)
  // A tunnel has no body to count.
  if (findField(fields, ':method') !== 'CONNECT') assert.equal(message.body, bodyLength === CHUNKED ? '' : body, what)
  return true
}
