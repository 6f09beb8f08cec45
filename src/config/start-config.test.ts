import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { followConfig, shopObjects, type FollowedConfig } from '../../test/support/config/follow-config.ts'
import { systemClock } from '../lib/clock.ts'
import { packJson } from '../lib/memory/packed-json.ts'
import type { ConfigThreadMessage } from './config-thread.ts'
import { createDeltaWriter } from './delta.ts'
import { formatIssue } from '../lib/format-issue.ts'
import { startConfig, type ConfigHandle } from './start-config.ts'
import type { ConfigUpdate } from './update.ts'

let root = ''
let handle: ConfigHandle | undefined
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-config-'))
})
afterEach(async () => {
  await handle?.close()
  rmSync(root, { recursive: true, force: true })
})

const start = (): FollowedConfig => {
  const followed = followConfig(root)
  handle = followed.config
  return followed
}

it(
  'translates on its own thread, follows changes, and keeps the last good objects of a malformed file',
  { timeout: 20_000 },
  async () => {
    const file = join(root, 'a.yaml')
    writeFileSync(file, shopObjects)
    const { config, next, failures } = start()
    const first = await config.ready
    assert.deepEqual(
      [first.generation, first.objects, first.model.gateway, first.model.services.map(({ key }) => key), first.issues],
      [1, 3, { namespace: 'shop', name: 'waypoint' }, ['shop/api'], []],
    )
    writeFileSync(
      file,
      `${shopObjects}---\n{ apiVersion: v1, kind: Service, metadata: { name: b, namespace: shop }, spec: { clusterIP: 10.96.0.2 } }\n`,
    )
    const second = await next()
    assert.deepEqual(
      second.model.services.map(({ key }) => key),
      ['shop/api', 'shop/b'],
    )
    assert.equal(second.model.services[0], first.model.services[0], 'what did not change is the same object')
    writeFileSync(file, 'a: [')
    const third = await next()
    assert.equal(third.model.services, second.model.services)
    assert.match(third.issues.map(formatIssue).join(), /a\.yaml:1:5: /)
    assert.deepEqual(failures, [])
  },
)

it('closes while the thread is still reading', async () => {
  writeFileSync(join(root, 'a.yaml'), shopObjects)
  const { config, failures } = start()
  await config.close()
  assert.deepEqual(failures, [])
})

describe('a thread that fails', () => {
  const emptyModel = {
    gateway: undefined,
    trafficType: 'none',
    pathNormalization: 'BASE',
    services: [],
    routes: [],
    endpoints: [],
    pods: [],
    authentications: [],
    authorizations: [],
  } as const
  const update = (): ConfigThreadMessage => ({
    kind: 'update',
    delta: packJson(
      createDeltaWriter()({ model: emptyModel, conditions: [], issues: [], objectIssues: [], notes: [], objects: 0 }),
    ),
  })

  const startFake = () => {
    const threads: EventEmitter[] = []
    const timers: { readonly delayMs: number; readonly run: () => void }[] = []
    const updates: number[] = []
    const failures: string[] = []
    const config = startConfig({
      place: { kind: 'files', paths: [] },
      translate: { clusterDomain: 'c', trustDomain: 't', rootNamespace: 'r', pathNormalization: 'BASE' },
      onUpdate: ({ generation }) => void updates.push(generation),
      onFailure: (message) => void failures.push(message),
      clock: {
        ...systemClock,
        after: (delayMs, run) => {
          timers.push({ delayMs, run })
          return () => void timers.splice(0)
        },
      },
      createThread: () => {
        const thread = Object.assign(new EventEmitter(), { terminate: () => Promise.resolve(0) })
        threads.push(thread)
        return thread
      },
    })
    return { config, threads, timers, updates, failures }
  }

  it('rejects `ready` when it ends before the first update, and is not started again', async () => {
    const { config, threads, timers, failures } = startFake()
    threads[0]?.emit('error', new Error('out of memory'))
    threads[0]?.emit('exit', 1)
    await assert.rejects(config.ready, /out of memory/)
    assert.deepEqual([timers.length, failures.length], [0, 2])
  })

  it('is started again later, each time after a longer wait, and the numbers go on', async () => {
    const { config, threads, timers, updates, failures } = startFake()
    threads[0]?.emit('message', update())
    assert.equal((await config.ready).generation, 1)
    threads[0]?.emit('exit', 1)
    timers.shift()?.run()
    threads[1]?.emit('exit', 1)
    assert.deepEqual(
      timers.map(({ delayMs }) => delayMs),
      [2000],
    )
    timers.shift()?.run()
    threads[2]?.emit('message', update())
    assert.deepEqual(updates, [2])
    threads[2]?.emit('exit', 1)
    assert.deepEqual(
      timers.map(({ delayMs }) => delayMs),
      [1000],
      'an update ends the row of failures',
    )
    assert.equal(failures.length, 3)
    await config.close()
    assert.equal(timers.length, 0, 'nothing is started after close')
  })

  it('tells of a set that could not be translated and stays', async () => {
    const { config, threads, failures } = startFake()
    threads[0]?.emit('message', update())
    await config.ready
    threads[0]?.emit('message', { kind: 'failure', message: 'a bug' } satisfies ConfigThreadMessage)
    assert.deepEqual([failures, threads.length], [['a bug'], 1])
  })

  it('asks for the addresses of names, and what comes of it follows', async () => {
    const { next } = start()
    const entry =
      '{ apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: { name: here, namespace: shop }, spec: { hosts: [localhost], resolution: DNS, ports: [{ number: 80, name: http }] } }'
    writeFileSync(join(root, 'a.yaml'), `${shopObjects}---\n${entry}\n`)
    const noteOf = ({ conditions }: ConfigUpdate) =>
      conditions.find(({ object, type }) => object.kind === 'ServiceEntry' && type === 'PartiallyInvalid')?.message
    let note = noteOf(await next())
    while (note === undefined) note = noteOf(await next())
    // The one name that every machine knows is one that nothing is sent to.
    assert.match(note, /nothing is sent to (127\.0\.0\.1|::1), which is a loopback address|no address of localhost/)
  })
})
