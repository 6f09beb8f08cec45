import assert from 'node:assert/strict'
import { ClientHelloReader } from '../../../src/proxy/tcp/client-hello.ts'
import type { ClientHello } from '../../../src/proxy/tcp/client-hello.ts'
import type { SeededRandom } from '../../support/random.ts'
import { extension, helloMessage, inRecords, serverName } from '../../support/tls/hello-bytes.ts'
import type { FuzzTarget } from '../engine/target.ts'
import { mutateBytes, randomCuts } from '../mutate/bytes.ts'
import { handshakeBytes, namesOfHello } from '../support/plain-hello.ts'

const seeds = (): readonly Buffer[] => [
  inRecords(helloMessage([serverName('api.shop.example')])),
  inRecords(
    helloMessage([extension(0x0a0a, Buffer.alloc(0)), serverName('a.b'), extension(16, Buffer.from('\0\x03\x02h2'))]),
    9,
  ),
  inRecords(helloMessage([extension(0xfe0d, Buffer.alloc(40)), serverName('public.example.')]), 1),
  inRecords(helloMessage([])),
  inRecords(helloMessage()),
]

/** What a reader finds that gets the bytes in these pieces. */
const read = (input: Buffer, cuts: readonly number[]): ClientHello | undefined => {
  const reader = new ClientHelloReader()
  let from = 0
  for (const to of [...cuts, input.length]) {
    const found = reader.feed(input, from, to)
    if (found !== undefined) return found
    from = to
  }
  return undefined
}

/** Cuts change nothing, nor does the size of records; a name that is found is the one that another reader finds. */
export const clientHelloTarget: FuzzTarget = {
  name: 'client-hello',
  format: 'hex',
  maxInputBytes: 4096,
  shortRounds: 1500,
  seeds,
  mutate: (input, other, random) => (random.chance(0.2) ? rerecord(input, random) : mutateBytes(input, other, random)),
  check: (input, random) => {
    const found = read(input, [])
    assert.deepEqual(read(input, randomCuts(random, input.length)), found)
    if (found?.kind === 'invalid') return found.message.replace(/\d+/g, 'n')
    if (found?.kind !== 'hello') return found?.kind ?? 'not whole'
    const message = handshakeBytes(input)
    assert.deepEqual(read(inRecords(message, 1 + random.below(40)), []), found)
    const names = namesOfHello(message).map((name) => name.toLowerCase().replace(/\.$/, ''))
    assert.deepEqual(found.sni === undefined ? [] : [found.sni], names)
    return `${found.sni?.length}`
  },
}

const rerecord = (input: Buffer, random: SeededRandom): Buffer => inRecords(handshakeBytes(input), 1 + random.below(64))
