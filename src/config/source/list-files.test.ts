import assert from 'node:assert/strict'
import { chmodSync, utimesSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { listFiles, listKnown, listTold, type ListedFile, type Listing } from './list-files.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairway-list-'))
  write('a.yaml', 'a')
  write('b.yaml', 'b')
  write('sub/c.yaml', 'c')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = (path: string): string => join(root, path)
const write = (path: string, text: string): void => {
  mkdirSync(join(at(path), '..'), { recursive: true })
  writeFileSync(at(path), text)
}
const knownOf =
  ({ files }: Listing) =>
  (path: string): ListedFile | undefined =>
    files.find((file) => file.path === path)

/** What a look at told paths comes to: the files that changed, or that everything has to be looked at. */
const tell = (paths: readonly string[], before: Listing): readonly string[] | 'everything' => {
  const known = knownOf(before)
  const files = listTold(new Set(paths.map(at)), before, known)
  return files?.map((file) => file.path.slice(root.length + 1)) ?? 'everything'
}

describe('a second look', () => {
  it('gives files that are as they were as the same objects', () => {
    const before = listFiles([root])
    write('b.yaml', 'longer')
    const after = listFiles([root], knownOf(before))
    const same = after.files.map((file) => file === knownOf(before)(file.path))
    assert.deepEqual(same, [true, false, true])
  })
})

const changes: readonly (readonly [
  what: string,
  change: () => void,
  told: readonly string[],
  wanted: ReturnType<typeof tell>,
])[] = [
  ['nothing', () => {}, ['a.yaml'], []],
  ['a file written', () => write('a.yaml', 'more'), ['a.yaml', 'b.yaml'], ['a.yaml']],
  ['a file in a folder below written', () => write('sub/c.yaml', 'more'), ['sub/c.yaml'], ['sub/c.yaml']],
  ['rights taken away', () => chmodSync(at('a.yaml'), 0), ['a.yaml'], ['a.yaml']],
  [
    'a save by renaming',
    () => {
      write('.a.new', 'a new one')
      renameSync(at('.a.new'), at('a.yaml'))
    },
    ['.a.new', 'a.yaml'],
    ['a.yaml'],
  ],
  ['a file beside, not counted', () => write('a.yaml~', 'x'), ['a.yaml~'], []],
  ['a new file', () => write('d.yaml', 'd'), ['d.yaml'], 'everything'],
  ['a new folder', () => write('new/d.yaml', 'd'), ['new'], 'everything'],
  ['a file gone', () => rmSync(at('a.yaml')), ['a.yaml'], 'everything'],
  ['a folder gone', () => rmSync(at('sub'), { recursive: true }), ['sub'], 'everything'],
  [
    'a link in place of a file',
    () => {
      rmSync(at('a.yaml'))
      symlinkSync(at('b.yaml'), at('a.yaml'))
    },
    ['a.yaml'],
    'everything',
  ],
]

describe('what is told', () => {
  for (const [what, change, told, wanted] of changes) {
    it(`${what}: ${wanted === 'everything' ? 'everything is looked at' : 'only that is looked at'}`, () => {
      const before = listFiles([root])
      change()
      assert.deepEqual(tell(told, before), wanted)
    })
  }

  it('everything is looked at where a link, a file named by itself or a missing one may be meant', () => {
    assert.equal(tell(['a.yaml'], listFiles([root, at('named')])), 'everything')
    write('named', 'x')
    assert.equal(tell(['a.yaml'], listFiles([root, at('named')])), 'everything')
    symlinkSync(at('named'), at('link.yaml'))
    assert.equal(tell(['a.yaml'], listFiles([root])), 'everything')
  })
})

describe('a look at what is known', () => {
  const look = (before: Listing, readAtMs: number): readonly string[] | 'everything' => {
    const paths = before.files.map(({ path }) => path)
    const files = listKnown(paths, { ...before, readAtMs }, knownOf(before))
    return files?.map((file) => file.path.slice(root.length + 1)) ?? 'everything'
  }
  const later = (): number => Date.now() + 60_000

  it('finds what was written, in all folders', () => {
    const before = listFiles([root])
    assert.deepEqual(look(before, later()), [])
    write('sub/c.yaml', 'more')
    assert.deepEqual(look(before, later()), ['sub/c.yaml'])
  })

  for (const [what, change] of [
    ['a new file', () => write('sub/d.yaml', 'd')],
    ['a file gone', () => rmSync(at('a.yaml'))],
    ['a file in place of another', () => renameSync(at('a.yaml'), at('b.yaml'))],
    ['a folder gone', () => rmSync(at('sub'), { recursive: true })],
    ['times set back', () => utimesSync(at('sub'), 1, 1)],
  ] as const) {
    it(`${what}: the folders are read again`, () => {
      // Within one tick of the file system's clock a folder shows no second change.
      utimesSync(root, 1, 1)
      utimesSync(at('sub'), 2, 2)
      const before = listFiles([root])
      change()
      assert.equal(look(before, later()), 'everything')
    })
  }

  it('does not trust a folder that was changed just before it was read', () => {
    const before = listFiles([root])
    assert.equal(look(before, Date.now()), 'everything')
  })
})
