import assert from 'node:assert/strict'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createLogger } from '../../lib/log.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { WatchedFolder } from './watched-folder.ts'

const start = async (t: TestContext) => {
  const parent = await mkdtemp(join(tmpdir(), 'fairway-watch-'))
  t.after(() => rm(parent, { recursive: true, force: true }))
  const dir = join(parent, 'certs')
  await mkdir(dir)
  const clock = createFakeClock()
  const lines: string[] = []
  const log = createLogger({ level: 'debug', clock, write: (line) => void lines.push(line) })
  let looks = 0
  let pause = Promise.resolve()
  const folder = new WatchedFolder({
    dir,
    clock,
    log,
    look: async () => {
      looks++
      await pause
    },
  })
  t.after(() => folder.close())
  /** Writes a file, and waits until that is reported to whoever watched the folder before. */
  const change = async (): Promise<void> => {
    const witness = watch(dir, { persistent: true })
    const seen = once(witness, 'change')
    await writeFile(join(dir, 'key.pem'), String(Math.random()))
    await seen
    witness.close()
    await new Promise(setImmediate)
  }
  /** Moves time forward, and waits for a look that comes of it to end. */
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await until(() => clock.pending() === 1)
  }
  return {
    dir,
    clock,
    lines,
    folder,
    change,
    advance,
    looks: () => looks,
    holdLooks: (until: Promise<void>) => {
      pause = until
    },
  }
}

const until = async (claim: () => boolean): Promise<void> => {
  for (let i = 0; i < 1_000_000 && !claim(); i++) await new Promise(setImmediate)
  assert.ok(claim(), String(claim))
}

test('somebody looks soon after it was opened, and then at every poll', async (t) => {
  const { advance, folder, looks } = await start(t)
  await folder.open()
  await advance(200)
  assert.equal(looks(), 1)
  await advance(29_999)
  assert.equal(looks(), 1)
  await advance(1)
  assert.equal(looks(), 2)
})

test('somebody looks shortly after a change, and what changes meanwhile is looked at as well', async (t) => {
  const { advance, clock, folder, looks, change, holdLooks } = await start(t)
  await folder.open()
  await advance(200)
  await change()
  clock.advance(199)
  assert.equal(looks(), 1)
  const hold = Promise.withResolvers<void>()
  holdLooks(hold.promise)
  clock.advance(1)
  await until(() => looks() === 2)
  await change()
  clock.advance(200)
  assert.equal(looks(), 2, 'never two at once')
  hold.resolve()
  await until(() => clock.pending() === 1)
  await advance(200)
  assert.equal(looks(), 3)
})

test('whoever writes all the time is not waited for any longer than two seconds', async (t) => {
  const { advance, folder, looks, change } = await start(t)
  await folder.open()
  await advance(200)
  for (let ms = 0; ms < 2400 && looks() === 1; ms += 150) {
    await change()
    await advance(150)
  }
  assert.equal(looks(), 2)
})

test('a folder that comes to be under the name is watched in place of the one before', async (t) => {
  const { advance, dir, folder, looks, change, lines } = await start(t)
  await folder.open()
  await rename(dir, `${dir}.old`)
  await advance(30_000)
  assert.match(lines.join(''), /"warn".*cannot watch .*looking every 30 s instead/)
  await mkdir(dir)
  await advance(30_000)
  assert.match(lines.join(''), /"info".*watching .* again/)
  const before = looks()
  await change()
  await advance(200)
  assert.equal(looks(), before + 1)
  assert.equal(lines.length, 2)
})

test('a folder that is replaced between two looks is watched from the next one on', async (t) => {
  const { dir, advance, folder, looks, change, lines } = await start(t)
  await folder.open()
  await advance(200)
  await rename(dir, `${dir}.old`)
  await mkdir(dir)
  await advance(30_000)
  const before = looks()
  await change()
  await advance(200)
  assert.equal(looks(), before + 1)
  assert.deepEqual(lines, [])
})

test('one that was closed is left alone', async (t) => {
  const { clock, folder, looks } = await start(t)
  await folder.open()
  folder.close()
  clock.advance(60_000)
  assert.equal(looks(), 0)
  assert.equal(clock.pending(), 0)
})
