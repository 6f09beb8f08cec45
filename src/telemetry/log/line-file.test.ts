import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

/** Writes until a file may not grow, then until it may again. */
const script = `
import { execFileSync } from 'node:child_process'
import { openLineFile } from '${new URL('./line-file.ts', import.meta.url).href}'
const write = openLineFile(process.argv[1])
const line = (i) => JSON.stringify({ i, pad: 'x'.repeat(300) }) + '\\n'
await write(line(0) + line(1))
await write(line(2) + line(3) + line(4)).then(() => process.exit(9), () => {})
await write(line(5)).then(() => process.exit(9), () => {})
execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited'])
await write(line(6))
await write(line(7))
`

/** The same of a queue, which tells what it has lost. */
const queueScript = `
import { openLineFile } from '${new URL('./line-file.ts', import.meta.url).href}'
import { createLineQueue } from '${new URL('./line-queue.ts', import.meta.url).href}'
const queue = createLineQueue({ write: openLineFile(process.argv[1]) })
const dropped = []
for (const count of [1, 4, 1]) {
  for (let i = 0; i < count; i++) queue.push('ü'.repeat(150) + 'x\\ny\\n')
  await queue.flush()
  dropped.push(queue.dropped())
}
process.stdout.write(dropped.join(' '))
`

const inSmallFile = (file: string, code: string): string => {
  // A block has 1,024 bytes.
  const command = 'trap "" XFSZ; ulimit -S -f 1; exec "$0" --input-type=module -e "$1" "$2"'
  return execFileSync('bash', ['-c', command, process.execPath, code, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

test('lines that were written before there was no room are not among those that were dropped', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-lines-'))
  t.after(() => rmSync(folder, { recursive: true }))
  // Of 304 bytes each three have room.
  assert.equal(inSmallFile(path.join(folder, 'access.log'), queueScript), '0 2 3')
})

test('behind a part of a line, for which there was no room, comes a new line', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-lines-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'access.log')
  inSmallFile(file, script)
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const numbers = lines.map((line) => /^\{"i":(\d),"pad":"x{300}"\}$/.exec(line)?.[1] ?? 'a part')
  assert.deepEqual(numbers, ['0', '1', '2', 'a part', '6', '7'])
})
