import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import { openFileSource, readFileSet, type FileSource, type FileSet, type FileSourceOptions } from './files.ts'

interface Written {
  readonly written: unknown
}

const decode = (written: unknown): Written => ({ written })

let root = ''
let source: FileSource | undefined
let sets: FileSet<Written>[] = []
let waiting: (() => void) | undefined

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-files-'))
  sets = []
})
afterEach(() => {
  source?.close()
  source = undefined
  rmSync(root, { recursive: true, force: true })
})

/** A clock on which nothing happens by itself: changes are looked for with `refresh` alone. */
const stillClock: Clock = { ...systemClock, after: () => () => {} }

const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

const open = (options: Partial<FileSourceOptions<Written>> = {}): FileSource => {
  source = openFileSource({
    paths: [root],
    clock: stillClock,
    decode,
    settleMs: 0,
    onSet: (set) => {
      sets.push(set)
      waiting?.()
    },
    ...options,
  })
  return source
}

const names = (set: FileSet<Written> | undefined = sets.at(-1)): unknown => set?.objects.map(({ read }) => read.written)
const issues = (): string => (sets.at(-1)?.issues ?? []).map(formatIssue).join('\n').replaceAll(root, 'ROOT')

describe('reading', () => {
  it('finds .yaml, .yml and .json in a folder and below, in order, and nothing that begins with a dot', () => {
    write('b.yml', 'b')
    write('a.yaml', 'a1\n---\na2')
    write('sub/deeper/c.json', '"c"')
    write('notes.txt', 'no')
    write('.a.yaml.swp', 'no')
    write('.git/x.yaml', 'no')
    open()
    assert.deepEqual(names(), ['a1', 'a2', 'b', 'c'])
    assert.equal(issues(), '')
  })

  it('reads once, without watching, what it would read first', () => {
    write('a.yaml', 'a')
    write('sub/b.yaml', 'b: {')
    open()
    const missing = join(root, 'missing')
    const set = readFileSet([root, missing], decode)
    assert.deepEqual(names(set), names())
    const [gone, broken] = set.issues
    assert.deepEqual([gone?.position?.file, broken], [missing, sets.at(-1)?.issues[0]])
  })

  it('reads a named file whatever it is called, and each file once', () => {
    write('conf', 'x')
    write('d/a.yaml', 'a')
    symlinkSync(join(root, 'd'), join(root, 'd/loop'))
    open({ paths: [join(root, 'conf'), join(root, 'd'), join(root, 'd/a.yaml')] })
    assert.deepEqual(names(), ['x', 'a'])
  })

  it('says which named path is not there', () => {
    open({ paths: [join(root, 'nowhere.yaml')] })
    assert.match(issues(), /^ROOT\/nowhere\.yaml: no such file or folder: check the path/)
  })

  it('refuses a file above the size limit, and takes it once it is smaller', () => {
    write('a.yaml', 'x'.repeat(11))
    const { refresh } = open({ maxFileBytes: 10 })
    assert.equal(issues(), 'ROOT/a.yaml: file has 11 bytes, at most 10 are read')
    write('a.yaml', 'small')
    refresh()
    assert.deepEqual([names(), issues()], [['small'], ''])
  })
})

describe('changes', () => {
  it('a malformed file keeps its last good objects, while others go on', () => {
    write('a.yaml', 'a1\n---\na2')
    write('b.yaml', 'b')
    const { refresh } = open()
    write('a.yaml', 'a1\n---\nx: [1\n')
    write('b.yaml', 'b changed')
    refresh()
    assert.deepEqual(names(), ['a1', 'a2', 'b changed'])
    assert.match(issues(), /^ROOT\/a\.yaml:4:1: /)
    write('a.yaml', 'a1\n---\na2')
    refresh()
    assert.deepEqual([names(), issues()], [['a1', 'a2', 'b changed'], ''])
  })

  it('nothing is told when nothing changed, nor when a file was only touched', () => {
    write('a.yaml', 'a')
    const { refresh } = open()
    refresh()
    write('a.yaml', 'a')
    refresh()
    assert.equal(sets.length, 1)
  })

  it('what did not change is the very same object, and what moved another one at its new place', () => {
    write('a.yaml', '---\na1\n---\na2\n---\na3')
    write('b.yaml', 'b')
    const { refresh } = open()
    write('a.yaml', '---\na1\n---\n# new\na2\n---\na3')
    refresh()
    const [before, after] = sets.map(({ objects }) => objects)
    assert.deepEqual(
      after?.map((object, i) => object === before?.[i]),
      [true, false, false, true],
    )
    assert.deepEqual(
      after?.map((object) => object.locate('')?.line),
      [2, 5, 7, 1],
    )
    assert.equal(after?.[2]?.read, before?.[2]?.read)
  })

  it('a file deleted from a folder takes its objects along once two looks have missed it', () => {
    write('a.yaml', 'a')
    write('b.yaml', 'b')
    const { refresh } = open()
    rmSync(join(root, 'a.yaml'))
    refresh()
    assert.deepEqual(names(), ['a', 'b'])
    refresh()
    assert.deepEqual(names(), ['b'])
  })

  it('are found in folders that are long at rest as well', () => {
    // An hour after the folders were changed, as it were.
    const clock: Clock = { ...stillClock, nowMs: () => Date.now() + 3_600_000 }
    write('sub/a.yaml', 'a')
    write('b.yaml', 'b')
    const { refresh } = open({ clock })
    const seen = (change: () => void): unknown => {
      change()
      refresh()
      return names()
    }
    const rest = (): void => {
      for (const folder of ['', 'sub']) utimesSync(join(root, folder), 1, 1)
    }
    rest()
    assert.deepEqual(seen(rest), ['b', 'a'])
    assert.deepEqual(
      seen(() => write('sub/a.yaml', 'a2')),
      ['b', 'a2'],
    )
    assert.deepEqual(
      seen(() => write('sub/c.yaml', 'c')),
      ['b', 'a2', 'c'],
    )
    assert.deepEqual(
      seen(() => rmSync(join(root, 'b.yaml'))),
      ['b', 'a2', 'c'],
    )
    assert.deepEqual(
      seen(() => {}),
      ['a2', 'c'],
    )
  })

  it('a named path that vanishes keeps its objects, and comes back', () => {
    write('a.yaml', 'a')
    const { refresh } = open({ paths: [join(root, 'a.yaml')] })
    rmSync(join(root, 'a.yaml'))
    refresh()
    refresh()
    assert.deepEqual(names(), ['a'])
    assert.match(issues(), /no such file or folder/)
    write('a.yaml', 'new')
    refresh()
    assert.deepEqual([names(), issues()], [['new'], ''])
  })

  it('a ConfigMap volume is swapped as a whole', () => {
    write('..v1/a.yaml', 'a1')
    write('..v1/b.yaml', 'b1')
    symlinkSync('..v1', join(root, '..data'))
    symlinkSync('..data/a.yaml', join(root, 'a.yaml'))
    symlinkSync('..data/b.yaml', join(root, 'b.yaml'))
    const { refresh } = open()
    assert.deepEqual(names(), ['a1', 'b1'])
    write('..v2/a.yaml', 'a2')
    write('..v2/b.yaml', 'b2')
    symlinkSync('..v2', join(root, '..data_tmp'))
    renameSync(join(root, '..data_tmp'), join(root, '..data'))
    refresh()
    assert.deepEqual(names(), ['a2', 'b2'])
    assert.equal(sets.length, 2)
  })
})

describe('files in the hands of a writer', () => {
  /** A clock that says what it is told and does nothing by itself. */
  const createSetClock = (): { readonly clock: Clock; readonly set: (nowMs: number) => void } => {
    let nowMs = 0
    return { clock: { ...stillClock, nowMs: () => nowMs }, set: (next) => (nowMs = next) }
  }
  /** Writes a file and its time of change. */
  const writeAt = (text: string, seconds: number): void => {
    write('a.yaml', text)
    utimesSync(join(root, 'a.yaml'), seconds, seconds)
  }
  const times = createSetClock()
  const start = (): FileSource => {
    writeAt('a\n---\nb', 1000)
    times.set(2_000_000)
    return open({ clock: times.clock, settleMs: 40 })
  }

  it('one that was written just now is read when it has come to rest', () => {
    const { refresh } = start()
    writeAt('half', 2000)
    times.set(2_000_039)
    refresh()
    assert.deepEqual(names(), ['a', 'b'])
    times.set(2_000_040)
    refresh()
    assert.deepEqual(names(), ['half'])
  })

  it('one that was emptied keeps its objects for two seconds', () => {
    const { refresh } = start()
    writeAt('', 2000)
    times.set(2_001_999)
    refresh()
    assert.deepEqual(names(), ['a', 'b'])
    writeAt('filled', 2001.5)
    refresh()
    assert.deepEqual(names(), ['filled'])
    writeAt('', 2003)
    times.set(2_005_000)
    refresh()
    assert.deepEqual(names(), [])
  })

  it('one that is written without a pause is read after a second', () => {
    const { refresh } = start()
    for (let ms = 0; ms < 1000; ms += 10) {
      writeAt(`at ${ms}`, 2000 + ms / 1000)
      times.set(2_000_000 + ms)
      refresh()
      assert.deepEqual(names(), ['a', 'b'])
    }
    writeAt('at last', 2001)
    times.set(2_001_000)
    refresh()
    assert.deepEqual(names(), ['at last'])
  })

  it('a file system with a clock far ahead is not waited for', () => {
    const { refresh } = start()
    writeAt('tomorrow', 90_000)
    refresh()
    assert.deepEqual(names(), ['tomorrow'])
  })

  it('a new file that is being written waits as well, and nothing is told meanwhile', () => {
    const { refresh } = start()
    write('new.yaml', 'new')
    utimesSync(join(root, 'new.yaml'), 2000, 2000)
    refresh()
    assert.equal(sets.length, 1)
    times.set(2_000_100)
    refresh()
    assert.deepEqual(names(), ['a', 'b', 'new'])
  })
})

describe('watching', () => {
  const next = async (change: () => void, wanted: unknown): Promise<void> => {
    const seen = Promise.withResolvers<void>()
    const check = (): void => {
      if (JSON.stringify(names()) === JSON.stringify(wanted)) seen.resolve()
    }
    waiting = check
    const cancel = systemClock.after(10_000, () => seen.reject(new Error(`still ${JSON.stringify(names())}`)))
    // A timer of ours must keep the process alive while it waits: neither watchers nor timers of the source do.
    const alive = setInterval(() => {}, 1000)
    change()
    try {
      await seen.promise
    } finally {
      waiting = undefined
      cancel()
      clearInterval(alive)
    }
  }

  // Polling is off the table here (an hour), so that only notifications can have told.
  const watching = { clock: systemClock, debounceMs: 5, pollMs: 3_600_000 }

  it('hears of writes, saves by renaming, new folders and deletions', async () => {
    write('a.yaml', 'a')
    open(watching)
    await next(() => write('a.yaml', 'written'), ['written'])
    await next(() => {
      write('.a.yaml.new', 'renamed')
      renameSync(join(root, '.a.yaml.new'), join(root, 'a.yaml'))
    }, ['renamed'])
    await next(() => write('sub/b.yaml', 'b'), ['renamed', 'b'])
    await next(() => write('sub/b.yaml', 'b2'), ['renamed', 'b2'])
    await next(() => rmSync(join(root, 'a.yaml')), ['b2'])
  })

  it('looks now and then even when nothing is told', async () => {
    const due: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, run) => {
        if (delayMs === 5000) due.push(run)
        return () => {}
      },
    }
    write('a.yaml', 'a')
    open({ clock })
    write('a.yaml', 'polled')
    await next(() => due.shift()?.(), ['polled'])
    assert.equal(due.length, 1, 'the next look is due')
  })
})
