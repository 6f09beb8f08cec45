import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startDestination, type Destination } from './support/destination.ts'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { foundCa, issueTo } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.7'

/** Writes bytes of its own in place of an answer, then ends or cuts the connection. */
const raw =
  (text: string, ending: 'end' | 'destroy'): RequestListener =>
  (request) => {
    const { socket } = request
    if (ending === 'end') socket.end(text)
    else socket.write(text, () => socket.destroy())
  }

interface BrokenPod {
  readonly what: string
  readonly answer: RequestListener
  /** `incomplete`: the client must notice that the answer has no end. */
  readonly expected: { readonly status: number; readonly flags: string } | 'incomplete'
}

const partial = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart'
const partialChunks = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n'

const broken: readonly BrokenPod[] = [
  { what: 'ends before it answers', answer: raw('', 'end'), expected: { status: 503, flags: 'UC' } },
  { what: 'is cut before it answers', answer: raw('', 'destroy'), expected: { status: 503, flags: 'UC' } },
  {
    what: 'ends in the head of its answer',
    answer: raw('HTTP/1.1 200 OK\r\nx-', 'end'),
    expected: { status: 503, flags: 'UC' },
  },
  {
    what: 'answers something else than HTTP',
    answer: raw('220 smtp ready\r\n\r\n', 'end'),
    expected: { status: 502, flags: 'UPE' },
  },
  { what: 'ends in the middle of a body', answer: raw(partial, 'end'), expected: 'incomplete' },
  { what: 'is cut in the middle of a body', answer: raw(partial, 'destroy'), expected: 'incomplete' },
  { what: 'ends between two chunks', answer: raw(partialChunks, 'end'), expected: 'incomplete' },
  { what: 'is cut between two chunks', answer: raw(partialChunks, 'destroy'), expected: 'incomplete' },
]

const vip = (index: number): string => `10.96.1.${index}`
const hbone = (index: number): string => `${network}.${index + 1}`
const plain = (index: number): string => `${network}.${index + 101}`

const objects = [
  gateway,
  ...service({ name: 'good', vip: '10.96.0.10', endpoints: [{ address: `${network}.200`, port: 9080 }] }),
  ...service({ name: 'absent', vip: '10.96.0.11', endpoints: [{ address: `${network}.201`, port: 9080 }] }),
  ...service({
    name: 'absent-plain',
    vip: '10.96.0.12',
    endpoints: [{ address: `${network}.201`, port: 9080, transport: 'plain' }],
  }),
  ...service({ name: 'refusing', vip: '10.96.0.13', endpoints: [{ address: `${network}.202`, port: 9080 }] }),
  ...service({ name: 'impostor', vip: '10.96.0.14', endpoints: [{ address: `${network}.203`, port: 9080 }] }),
  ...service({ name: 'stranger', vip: '10.96.0.15', endpoints: [{ address: `${network}.204`, port: 9080 }] }),
  ...service({ name: 'expired', vip: '10.96.0.16', endpoints: [{ address: `${network}.205`, port: 9080 }] }),
  ...broken.flatMap((_, index) => [
    ...service({ name: `hbone-${index}`, vip: vip(index), endpoints: [{ address: hbone(index), port: 9080 }] }),
    ...service({
      name: `plain-${index}`,
      vip: vip(index + 100),
      endpoints: [{ address: plain(index), port: 9080, transport: 'plain' }],
    }),
  ]),
]

for (const workers of workerCounts(1)) {
  describe(`destinations that fail ${workers} workers`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient
    const pods: Record<string, Destination> = {}
    before(async () => {
      mesh = await createMesh(objects)
      await mesh.startPod('good', { address: `${network}.200`, port: 9080 })
      await mesh.startPod('refusing', { address: `${network}.202`, port: 9080, connectStatus: 503 })
      pods['impostor'] = await mesh.startPod('impostor', { address: `${network}.203`, port: 9080, who: 'shop/other' })
      pods['stranger'] = await startDestination('stranger', {
        address: `${network}.204`,
        port: 9080,
        credentials: {
          ...(await issueTo(await foundCa(join(mesh.dir, 'foreign')), 'shop/stranger')),
          trustRootsPem: mesh.ca.rootPem,
        },
      })
      pods['expired'] = await startDestination('expired', {
        address: `${network}.205`,
        port: 9080,
        credentials: await issueTo(mesh.ca, 'shop/expired', { notBeforeMs: Date.now() - 7_200_000, ttlMs: -3_600_000 }),
      })
      for (const [index, { answer }] of broken.entries()) {
        await mesh.startPod(`hbone-${index}`, { address: hbone(index), port: 9080, answer })
        await mesh.startPod(`plain-${index}`, { address: plain(index), port: 9080, transport: 'plain', answer })
      }
      fairway = await mesh.startFairway(workers, ['--access-log', 'json'])
      client = await mesh.dial(fairway)
    })
    after(async () => {
      await pods['stranger']?.[Symbol.asyncDispose]()
      await pods['expired']?.[Symbol.asyncDispose]()
      await mesh?.[Symbol.asyncDispose]()
    })

    let count = 0
    /** The status and flags of a request, as the client and the access log have it. */
    const outcomeOf = async (address: string): Promise<unknown> => {
      const path = `/${++count}`
      const status = await client.request(`${address}:80`, { path }).then(
        (answer) => answer.status,
        () => 'incomplete',
      )
      const flags = await eventually(`the line of ${path}`, () => {
        const line = fairway
          .stdout()
          .split('\n')
          .find((text) => text.includes(`"path":"${path}"`) && text.endsWith('}'))
        return line === undefined ? undefined : /"response_flags":"([^"]*)"/.exec(line)?.[1]
      })
      assert.equal((await client.request('10.96.0.10:80')).status, 200, 'others are served')
      return status === 'incomplete' ? status : { status, flags }
    }

    const unreachable: readonly (readonly [string, string])[] = [
      ['nobody listens', '10.96.0.11'],
      ['nobody listens in plaintext', '10.96.0.12'],
      ['CONNECT is refused', '10.96.0.13'],
    ]
    for (const [what, address] of unreachable) {
      it(`503 when ${what}`, async () => {
        assert.deepEqual(await outcomeOf(address), { status: 503, flags: 'UF' })
      })
    }

    for (const [name, what, address] of [
      ['impostor', 'somebody else is there', '10.96.0.14'],
      ['stranger', 'its certificate is of another authority', '10.96.0.15'],
      ['expired', 'its certificate has expired', '10.96.0.16'],
    ] as const) {
      it(`503 when ${what}, and not a byte of the request leaves`, async () => {
        assert.deepEqual(await outcomeOf(address), { status: 503, flags: 'UF' })
        const pod = pods[name]
        assert.deepEqual([pod?.requests(), pod?.authorities], [0, []])
        assert.ok((pod?.connections() ?? 0) > 0, 'it was dialled at all')
      })
    }

    it('somebody else at an address is counted', async () => {
      const known = await fairway.metric('fairway_upstream_identity_mismatches_total')
      await outcomeOf('10.96.0.14')
      assert.equal(await fairway.metric('fairway_upstream_identity_mismatches_total'), known + 1)
    })

    for (const [index, { what, expected }] of broken.entries()) {
      const text = expected === 'incomplete' ? 'an incomplete answer' : `${expected.status} ${expected.flags}`
      it(`${text} when the tunnel ${what}`, async () => {
        assert.deepEqual(await outcomeOf(vip(index)), expected)
      })
      it(`${text} when the connection ${what}`, async () => {
        assert.deepEqual(await outcomeOf(vip(index + 100)), expected)
      })
    }
  })
}
