import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { openLinesWithoutWaiting } from './lines-without-waiting.ts'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach((end) => end()))

/** A pipe of this process: `fd` is written to, and `read` gives what is in it. */
const openPipe = () => {
  const dir = mkdtempSync(join(tmpdir(), 'fairway-lines-'))
  const path = join(dir, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(path, constants.O_WRONLY)
  ends.push(() => {
    closeSync(fd)
    rmSync(dir, { recursive: true })
  })
  const buffer = Buffer.alloc(1 << 20)
  const read = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch {
      return ''
    }
  }
  return { fd, read, close: () => closeSync(reader) }
}

const open = (fd: number, otherwise: (text: string) => void = assert.fail) =>
  openLinesWithoutWaiting({ fd, otherwise, tellLost: (lines) => `lost ${lines}\n` })

/** Numbered lines of a pipe that was full for a while. */
const check = (text: string, wanted: number): void => {
  let next = 0
  for (const line of text.split('\n').slice(0, -1)) {
    const lost = /^lost (\d+)$/.exec(line)
    if (lost === null) assert.equal(Number(line.split(' ', 1)[0]), next++)
    else next += Number(lost[1])
  }
  assert.equal(next, wanted)
}

for (const bytes of [100, 3000, 9000]) {
  test(`lines of ${bytes} bytes that nobody reads are lost, whole, and it is told how many they were`, () => {
    const { fd, read, close } = openPipe()
    const write = open(fd)
    const filler = 'x'.repeat(bytes)
    let text = ''
    for (let i = 0; i < 2000; i++) {
      write(`${i} ${filler}\n`)
      // Somebody reads a part of it now and then.
      if (i % 700 === 699) text += read()
    }
    text += read()
    write(`2000 end\n`)
    text += read()
    assert.match(text, /^lost \d+$/m)
    check(text, 2001)
    close()
    // Nobody is left at all.
    write('gone\n')
  })
}

test('what is no pipe is written to as ever', () => {
  const told: string[] = []
  const fd = openSync('/dev/null', 'w')
  ends.push(() => closeSync(fd))
  open(fd, (text) => void told.push(text))('a\n')
  assert.deepEqual(told, ['a\n'])
})
