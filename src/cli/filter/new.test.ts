import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createTerminal } from '../../../test/support/terminal.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'
import { packageRoot } from './package-root.ts'

const execute = promisify(execFile)

describe('fairway filter', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fairway-filter-'))
  })
  after(() => rm(folder, { recursive: true }))

  const fairway = async (...args: readonly string[]) => {
    const env = Object.fromEntries(Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])))
    const terminal = createTerminal({ cwd: folder, env })
    const code = await runProgram({ version: '0', verbs }, ['filter', ...args], terminal)
    return { code, out: terminal.stdout(), err: terminal.stderr() }
  }

  it('new makes a filter whose tests pass, outside of any package', async () => {
    const made = await fairway('new', 'stamp-version', '--dir', 'mine')
    assert.equal(made.code, 0, made.err)
    assert.deepEqual((await readdir(path.join(folder, 'mine/stamp-version'))).toSorted(), [
      ...['README.md', 'filter.yaml', 'stamp-version.test.ts', 'stamp-version.ts', 'tsconfig.json'],
    ])
    assert.deepEqual(
      made.out.trim().split('\n').toSorted(),
      ['README.md', 'filter.yaml', 'stamp-version.test.ts', 'stamp-version.ts', 'tsconfig.json'].map((name) =>
        path.join('mine/stamp-version', name),
      ),
    )
    const tested = await fairway('test', 'mine')
    assert.equal(tested.code, 0, tested.out + tested.err)
    assert.match(tested.out, /pass 2\n/)
    assert.match(tested.out, /✔ Filter stamp-version can be put in force: stamp-version\.ts\n/)
  })

  it('the tests are modules in a package of CommonJS too, as "npm init" makes one', async () => {
    await mkdir(path.join(folder, 'common'))
    await writeFile(path.join(folder, 'common/package.json'), '{ "type": "commonjs" }')
    assert.equal((await fairway('new', 'stamp-version', '--dir', 'common')).code, 0)
    const tested = await fairway('test', 'common')
    assert.equal(tested.code, 0, tested.out + tested.err)
    assert.match(tested.out, /pass 2\n/)
  })

  it('what new makes is typed, and laid out as the house does it', async () => {
    const bin = (name: string): string => path.join(packageRoot, 'node_modules/.bin', name)
    const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}` }
    await execute(bin('tsc'), ['-p', 'mine/stamp-version'], { cwd: folder, env })
    const config = path.join(packageRoot, '.oxfmtrc.json')
    const files = ['stamp-version.ts', 'stamp-version.test.ts', 'filter.yaml', 'README.md']
    await execute(bin('oxfmt'), ['-c', config, '--check', ...files.map((name) => `mine/stamp-version/${name}`)], {
      cwd: folder,
      env,
    })
  })

  it('new writes nothing over', async () => {
    const file = path.join(folder, 'mine/stamp-version/README.md')
    await writeFile(file, 'mine')
    const { code, err } = await fairway('new', 'stamp-version', '--dir', 'mine')
    assert.equal(code, 1)
    assert.match(err, /is there already/)
    assert.equal(await readFile(file, 'utf8'), 'mine')
  })

  for (const name of ['', 'Stamp', 'a b', '../x', '-a', 'a-', 'a--b', 'a-1', 'ä', 'a'.repeat(64)]) {
    it(`new refuses ${JSON.stringify(name)} as a name`, async () => {
      const { code, err } = await fairway('new', '--', name)
      assert.equal(code, 64)
      assert.match(err, /is no name for a filter/)
    })
  }

  it('test fails where a waypoint would not put the filter in force, and says why', async () => {
    await fairway('new', 'refused')
    const file = path.join(folder, 'refused/filter.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace("'1'", '1'))
    const { code, out } = await fairway('test', 'refused')
    assert.equal(code, 1)
    assert.match(out, /fail 0\n/)
    assert.match(out, /✖ Filter refused cannot be put in force: spec\.config\.value: /)
  })

  it('test tries an App as what it is', async () => {
    const app = path.join(folder, 'hello')
    await mkdir(app)
    const code = 'export default async (app) => void app.get("/hello", async () => "hello")\n'
    await writeFile(path.join(app, 'hello.js'), code)
    await writeFile(path.join(app, 'hello.test.js'), 'import "./hello.js"\n')
    const object =
      'apiVersion: fairway.dev/v1alpha1\nkind: App\nmetadata: { name: hello }\nspec: { module: hello.js, PREFIX }\n'
    for (const [prefix, expected] of [
      ['prefix: /api', /✔ App hello can be put in force: hello\.js/],
      ['prefix: api', /✖ App hello cannot be put in force: spec\.prefix: /],
    ] as const) {
      await writeFile(path.join(app, 'app.yaml'), object.replace('PREFIX', prefix))
      assert.match((await fairway('test', 'hello')).out, expected)
    }
  })

  it('test fails where a test does, and says which', async () => {
    const failing = "import { test } from 'node:test'\ntest('it cannot', () => { throw new Error('as it should') })\n"
    await mkdir(path.join(folder, 'broken'))
    await writeFile(path.join(folder, 'broken/a.test.ts'), failing)
    const { code, out } = await fairway('test', 'broken')
    assert.equal(code, 1)
    assert.match(out, /as it should/)
    assert.match(out, /a\.test\.ts:2/)
  })

  for (const [what, target, pattern] of [
    ['nothing', 'nowhere', /nowhere is not there/],
    ['a folder without tests', 'empty', /there are no tests/],
  ] as const) {
    it(`test of ${what} is bad input`, async () => {
      await mkdir(path.join(folder, 'empty'), { recursive: true })
      const { code, err } = await fairway('test', target)
      assert.equal(code, 65)
      assert.match(err, pattern)
    })
  }
})
