import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Echo } from './support/destination.ts'
import { eventually } from './support/eventually.ts'
import type { LogLine, RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { replaceFile } from './support/mesh-certificates.ts'
import { backend, formatObjects, gateway, httpRoute, service } from './support/objects.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.4'
const API = '10.96.0.10:80'
const OTHER = '10.96.0.11:80'

const base = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({ name: 'other', vip: '10.96.0.11', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
]

/** A route that stamps requests, so that an answer tells which version is in force. */
const stamped = (name: string, version: string): object =>
  httpRoute(name, [
    {
      filters: [
        { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-version', value: version }] } },
      ],
      backendRefs: [backend(name)],
    },
  ])

for (const workers of workerCounts(2)) {
  describe(`configuration that goes wrong while ${workers} workers serve`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient
    let folder: string
    let routes: string

    before(async () => {
      mesh = await createMesh([])
      folder = join(mesh.dir, 'objects')
      routes = join(folder, 'routes.yaml')
      mkdirSync(folder)
      writeFileSync(join(folder, 'base.yaml'), formatObjects(base))
      writeFileSync(routes, formatObjects([stamped('api', 'start'), stamped('other', 'start')]))
      await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
      await mesh.startPod('other', { address: `${network}.2`, port: 9080 })
      fairway = await mesh.startFairway(workers, ['-f', folder])
      client = await mesh.dial(fairway)
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    const versionAt = async (authority: string): Promise<string | undefined> => {
      const answer = await client.request(authority)
      // The destination is ours.
      return answer.status === 200 ? (JSON.parse(answer.body) as Echo).headers['x-version'] : `status ${answer.status}`
    }
    const becomes = (authority: string, version: string): Promise<unknown> =>
      eventually(`${authority} has ${version}`, async () => (await versionAt(authority)) === version)
    const issues = (): Promise<number> => fairway.metric('fairway_config_issues')
    /** The first line written since `from` that has this in its message. */
    const logged = (text: string, from: number): Promise<LogLine> =>
      eventually(`a line with ${text} in ${fairway.stderr()}`, () =>
        fairway
          .log()
          .slice(from)
          .find(({ message }) => String(message).includes(text)),
      )

    let count = 0
    let from = 0
    let version = ''
    beforeEach(async () => {
      version = `v${++count}`
      if (routes !== undefined) rmSync(routes, { recursive: true, force: true })
      replaceFile(routes, formatObjects([stamped('api', version), stamped('other', version)]))
      await becomes(API, version)
      await becomes(OTHER, version)
      assert.equal(await issues(), 0)
      from = fairway.log().length
    })

    it('malformed YAML is named with file, line and column, and the old version serves', async () => {
      replaceFile(routes, `${formatObjects([stamped('api', 'lost')])}---\nkind: HTTPRoute\n  spec: {\n`)
      const line = await logged('routes.yaml:', from)
      assert.equal(line['level'], 'error')
      assert.match(String(line['message']), /objects\/routes\.yaml:\d+:\d+: /)
      const lineNumber = Number(/routes\.yaml:(\d+)/.exec(String(line['message']))?.[1])
      const total = formatObjects([stamped('api', 'lost')]).split('\n').length
      assert.ok(lineNumber >= total + 1 && lineNumber <= total + 3, `line ${lineNumber} of ${total + 2}`)
      await eventually('the metric', async () => (await issues()) > 0)
      assert.equal(await versionAt(API), version)
      assert.match(JSON.stringify(await fairway.admin('/conditions')), /routes\.yaml/)
      assert.equal((await fairway.readiness()).status, 200)
    })

    it('an unknown kind is named with what was meant, and its neighbours count', async () => {
      const wrong = { ...gateway, kind: 'HTTPRuote', metadata: { name: 'x', namespace: 'shop' } }
      replaceFile(routes, formatObjects([wrong, stamped('api', 'new'), stamped('other', 'new')]))
      const line = await logged('HTTPRuote', from)
      assert.match(String(line['message']), /routes\.yaml:\d+:\d+: .*unknown kind HTTPRuote; did you mean HTTPRoute\?/)
      await becomes(API, 'new')
    })

    it('a wrong route closes itself and nothing else', async () => {
      const wrong = httpRoute('api', [{ filters: [{ type: 'Magic' }], backendRefs: [backend('api')] }])
      replaceFile(routes, formatObjects([wrong, stamped('other', 'new')]))
      await becomes(API, 'status 500')
      await becomes(OTHER, 'new')
      const conditions = JSON.stringify(await fairway.admin('/conditions'))
      assert.match(conditions, /"name":"api"[^}]*\}[^}]*"status":"False"/)
    })

    it('a deleted file takes its objects along', async () => {
      rmSync(routes)
      // Without a route the Service itself is served.
      await eventually('pass-through', async () => (await versionAt(API)) === undefined)
      assert.equal(await issues(), 0)
    })

    it('a file may become a folder', async () => {
      rmSync(routes)
      mkdirSync(routes)
      replaceFile(join(routes, 'inner.yaml'), formatObjects([stamped('api', 'inner')]))
      await becomes(API, 'inner')
    })

    it('a mounted ConfigMap is swapped by a symbolic link', async () => {
      for (const name of ['first', 'second']) {
        mkdirSync(join(folder, `..${version}-${name}`))
        writeFileSync(
          join(folder, `..${version}-${name}`, 'mounted.yaml'),
          formatObjects([stamped('api', `${version}-${name}`)]),
        )
      }
      const point = (name: string): void => {
        symlinkSync(`..${version}-${name}`, join(folder, '..data_new'))
        renameSync(join(folder, '..data_new'), join(folder, '..data'))
      }
      rmSync(routes)
      point('first')
      symlinkSync('..data/mounted.yaml', join(folder, 'mounted.yaml'))
      await becomes(API, `${version}-first`)
      point('second')
      await becomes(API, `${version}-second`)
      rmSync(join(folder, 'mounted.yaml'))
      rmSync(join(folder, '..data'))
    })

    it('two objects of one name in two files: the message names both places, and the first counts', async () => {
      const second = join(folder, 'second.yaml')
      writeFileSync(second, formatObjects([stamped('api', 'second')]))
      const line = await logged('HTTPRoute shop/api', from)
      assert.match(String(line['message']), /second\.yaml:\d+:\d+: .*routes\.yaml:\d+:\d+/)
      assert.equal(await versionAt(API), version)
      rmSync(second)
    })

    it('a file that nobody may read keeps what it had', async () => {
      // Root reads everything; a name that leads to itself is unreadable for everybody.
      rmSync(routes)
      symlinkSync('routes.yaml', routes)
      await logged('routes.yaml', from)
      assert.equal(await versionAt(API), version)
    })
  })
}
