/**
 * Requests that try to mean one thing to a policy and another to the backend, through a real data plane. What lies in
 * `hostile/` is meant to be read; its README has the words.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readHeads, readSmuggled, readTargets, type Head, type Target } from '../support/hostile/corpus.ts'
import { HostileMesh, targetOf, valuesOf, type Ending } from '../support/hostile/hostile-mesh.ts'
import { policyOf } from '../support/hostile/policies.ts'

const modes = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const
const versions = [1, 2] as const
type Version = (typeof versions)[number]

const folder = join(import.meta.dirname, 'hostile')
const denyAdmin = policyOf('DENY', { path: ['/admin', '/admin/*'] })

let mesh: HostileMesh

/** The same for backends of either version. */
const describeBoth = (name: string, declare: (backend: Version) => void): void => {
  for (const backend of versions) {
    describe(`${name}, to a backend of HTTP/${backend}`, () => {
      before(async () => {
        mesh = await HostileMesh.start(backend)
      })
      after(() => mesh.close())
      declare(backend)
    })
  }
}

/** `denied`, `refused`, or what the backend has received, as `show` has it. */
const describeEnding = ({ statuses, received }: Ending, show: (head: string) => string, refusal = 400): string => {
  const [status] = statuses
  const [head] = received
  if (head === undefined) {
    if (status === 403) return 'denied'
    return status === undefined || status === refusal ? 'refused' : `${status}`
  }
  assert.deepEqual([statuses, received.length], [[200], 1])
  return show(head)
}

describeBoth('targets that may mean /admin to somebody', () => {
  const targets = readTargets(join(folder, 'paths.yaml'))

  const send = (version: Version, { method, target }: Target): Promise<Ending> =>
    version === 1
      ? mesh.send1(`${method} ${target} HTTP/1.1\r\nhost: api\r\n\r\n`)
      : mesh.send2([':method', method, ':scheme', 'http', ':path', target, ':authority', 'api'])

  for (const mode of modes) {
    for (const version of versions) {
      it(`in mode ${mode}, by HTTP/${version}`, async () => {
        mesh.judge([denyAdmin], mode)
        const passed: (readonly [target: Target, received: string])[] = []
        const wrong: string[] = []
        for (const target of targets) {
          const ending = describeEnding(await send(version, target), targetOf)
          const expected = (version === 2 ? target.http2 : undefined) ?? target[mode] ?? target.all
          if (ending !== expected) wrong.push(`${target.method} ${target.target}: ${ending}, not ${expected}`)
          if (ending !== 'denied' && ending !== 'refused') passed.push([target, ending])
        }
        assert.deepEqual(wrong, [])
        for (const [target, received] of passed) {
          assert.doesNotMatch(received, /^\/admin(?:[/?]|$)/, `${target.target} got through`)
          // A policy takes an asterisk at the end for anything: of such paths nothing can be said like this.
          const [path = ''] = received.split('?', 1)
          if (path.endsWith('*')) continue
          mesh.judge([policyOf('ALLOW', { path: [path] })], mode)
          const again = describeEnding(await send(version, target), targetOf)
          assert.equal(again, received, `${target.target}: the policy has not seen what the backend received`)
        }
      })
    }
  }
})

describeBoth('heads that read in two ways', () => {
  const heads = readHeads(join(folder, 'heads.yaml'))

  const send = (version: Version, head: Head): Promise<Ending> | undefined => {
    if (version === 1) {
      const lines = head.http1 ?? head.fields?.map(([name, value]) => `${name}: ${value}`)
      if (lines === undefined && head.http2 !== undefined && head.line === 'GET / HTTP/1.1') return undefined
      const host = head.host === 'none' ? [] : [`host: ${head.host}`]
      return mesh.send1([head.line, ...host, ...(lines ?? []), '', head.body].join('\r\n'))
    }
    const fields = head.http2 ?? head.fields
    const isHostOnly = head.line === 'GET / HTTP/1.1' && head.http1 === undefined && head.host !== 'none'
    if (fields === undefined && !isHostOnly) return undefined
    const own = fields?.some(([name]) => name === ':method') === true
    const pseudo = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', head.host]
    return mesh.send2([...(own ? [] : pseudo), ...(fields ?? []).flat()], head.trailers?.flat())
  }

  for (const head of heads) {
    it(head.it, async () => {
      mesh.judge([
        ...(head.deny === undefined ? [] : [policyOf('DENY', head.deny)]),
        ...(head.allow === undefined ? [] : [policyOf('ALLOW', head.allow)]),
      ])
      const { arrives = {} } = head
      const show = (received: string): string =>
        JSON.stringify(Object.fromEntries(Object.keys(arrives).map((name) => [name, valuesOf(received, name)])))
      let sent = 0
      for (const version of versions) {
        const ending = await send(version, head)
        if (ending === undefined) continue
        sent++
        assert.equal(describeEnding(ending, show, head.status), head.is ?? JSON.stringify(arrives), `HTTP/${version}`)
      }
      assert.ok(sent > 0, 'nothing was sent')
    })
  }
})

describeBoth('requests inside of others', (backend) => {
  for (const { it: name, send, answers, ...whole } of readSmuggled(join(folder, 'smuggled.yaml'))) {
    it(name, async () => {
      mesh.judge([denyAdmin])
      const { statuses, received } = await mesh.send1(send)
      assert.deepEqual(
        received.map((head) => head.slice(0, head.indexOf(' HTTP/'))),
        (backend === 2 ? whole.arriveByHttp2 : undefined) ?? whole.arrive,
      )
      if (answers !== undefined) assert.deepEqual(statuses, answers)
    })
  }
})
