import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chownSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sizeOf } from '../../scripts/build/sizes.ts'
import { eventually } from '../e2e/support/eventually.ts'
import { isRunning } from '../e2e/support/fairway-process.ts'
import { buildImage, warmImage, type Built } from './support/build.ts'
import { runContainer, whyNoContainer, type Outcome } from './support/container.ts'
import { createImageMesh, startInContainer, usageOf, VIP, type ImageMesh } from './support/image-mesh.ts'

const root = path.resolve(import.meta.dirname, '../..')
/** What a base image with a C library and a C++ runtime takes, generously. */
const BASE_BYTES = 40e6
const MAX_BYTES = 250e6
const MAX_CPU_MS = 1000

/** Every file by path, with its mode, time and content. */
const digestsOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    globSync('**/*', { cwd: folder })
      .toSorted()
      .map((file) => {
        const stat = statSync(path.join(folder, file), { throwIfNoEntry: false })
        const content =
          stat?.isFile() === true
            ? createHash('sha256')
                .update(readFileSync(path.join(folder, file)))
                .digest('hex')
            : ''
        return [file, `${stat?.mode} ${stat?.mtimeMs} ${content}`]
      }),
  )

describe('the image', { skip: whyNoContainer() ?? false }, () => {
  let folder = ''
  let built: Built
  let setting: ImageMesh
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'fairway-image-'))
    built = await buildImage(folder)
    setting = await createImageMesh('127.71.61')
  })
  after(async () => {
    await setting?.mesh[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('comes out the same from the same sources', async () => {
    const other = path.join(folder, 'other')
    mkdirSync(other)
    const { image, packageFolder } = await buildImage(other)
    assert.deepEqual(digestsOf(packageFolder), digestsOf(built.packageFolder))
    assert.deepEqual(digestsOf(image), digestsOf(built.image))
    rmSync(other, { recursive: true })
  })

  /** The least of some runs: how much others do on this machine is not the image's. */
  const measure = async (t: { diagnostic: (text: string) => void }, what: string): Promise<number> => {
    const cpu: number[] = []
    for (let run = 0; run < 5; run++) {
      await using fairway = await startInContainer(setting, { image: built.image })
      const { cpuMs, rssBytes } = usageOf(fairway.pid)
      cpu.push(cpuMs)
      t.diagnostic(`${what}: ready after ${cpuMs} ms of CPU time, ${(rssBytes / 1e6).toFixed(1)} MB`)
    }
    return Math.min(...cpu)
  }

  it('is ready after at most a second of CPU time, even where the compile cache does not fit', async (t) => {
    assert.ok((await measure(t, 'without compile cache')) <= MAX_CPU_MS)
  })

  it('is sooner with the compile cache, and of at most 250 MB', async (t) => {
    t.diagnostic(warmImage(built.image, folder))
    assert.ok((await measure(t, 'with compile cache')) <= MAX_CPU_MS)
    const size = sizeOf(built.image)
    t.diagnostic(`${(size / 1e6).toFixed(1)} MB without the base image`)
    assert.ok(size + BASE_BYTES <= MAX_BYTES)
  })

  const tracing = spawnSync('strace', ['-V']).status === 0 ? false : 'strace is not installed'
  it('tries to write nothing, from start to end', { skip: tracing }, async () => {
    const trace = path.join(folder, 'trace')
    await using fairway = await startInContainer(setting, { image: built.image, trace })
    const [traced] = fairway.workers()
    assert.ok(traced !== undefined)
    // It would outlive who traces it, and hold its streams.
    using _ = { [Symbol.dispose]: () => isRunning(traced) && process.kill(traced, 'SIGKILL') }
    const client = await setting.mesh.dial(fairway)
    assert.equal((await client.request(VIP)).status, 200)
    const lines = (): readonly string[] => readFileSync(trace, 'utf8').split('\n')
    process.kill(traced, 'SIGTERM')
    assert.deepEqual(await fairway.ended, { code: 0, signal: null })
    const writes = lines().filter((line) =>
      /O_(?:WRONLY|RDWR|CREAT)|\b(?:mkdir|rename|unlink|link|symlink|truncate|chmod|chown|utimens)\w*\(|EROFS/.test(
        line,
      ),
    )
    // Node asks for the folder of its compile cache by making it, and finds it there.
    const expected =
      /"\/dev\/null"|"\/proc\/self\/coredump_filter"|^\d+ +mkdir\("\/opt\/fairway\/node_modules\/\.cache\/fairway.* = -1 EEXIST/
    const strange = writes.filter((line) => !expected.test(line))
    assert.deepEqual(strange, [])
    const cached = lines().filter((line) => line.includes('/node_modules/.cache/fairway/') && !line.includes('ENOENT'))
    assert.ok(cached.length > 500, `${cached.length} files of the compile cache were used`)
  })

  it('serves with two workers, and as a user that it was not made for', async () => {
    for (const run of [{ workers: 2 }, { user: 1_000_650_000 }]) {
      if ('user' in run) {
        // Such a platform gives its volumes to that group.
        const key = path.join(setting.config, 'certs/key.pem')
        chownSync(key, 0, 1_000_650_000)
      }
      await using fairway = await startInContainer(setting, { image: built.image, ...run })
      const client = await setting.mesh.dial(fairway)
      assert.equal((await client.request(VIP)).status, 200)
      assert.deepEqual(
        fairway.log().filter(({ level }) => level === 'warn' || level === 'error'),
        [],
      )
      const target = run.workers === 2 ? 2 : 0
      await eventually('its workers', () => (fairway.workers().length === target ? true : undefined))
      fairway.kill('SIGTERM')
      assert.deepEqual(await fairway.ended, { code: 0, signal: null })
    }
  })

  describe('with a folder to write into', () => {
    let tmp = ''
    before(() => {
      tmp = path.join(folder, 'tmp')
      mkdirSync(tmp)
      chownSync(tmp, 1337, 1337)
    })
    const fairway = (...args: readonly string[]): Outcome =>
      runContainer({ image: built.image, config: setting.config, tmp, cwd: '/tmp' }, folder, args)

    it('says the version of the package', () => {
      const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
      assert.deepEqual(fairway('--version'), { code: 0, stdout: `${version}\n`, stderr: '' })
    })

    it('has every command of the package', () => {
      const entry = ['/usr/local/bin/kubectl_complete-fairway']
      const { code, stdout } = runContainer({ image: built.image, config: setting.config, entry }, folder, ['way'])
      assert.equal(code, 0)
      assert.match(stdout, /^waypoint\b/m)
    })

    it('makes, tests and runs a filter in TypeScript', () => {
      const made = fairway('filter', 'new', 'stamp')
      assert.equal(made.code, 0, made.stderr)
      const tested = fairway('filter', 'test', 'stamp')
      assert.equal(tested.code, 0, tested.stdout + tested.stderr)
      assert.match(tested.stdout, /✔ Filter stamp can be put in force/)
      const run = fairway('filter', 'dev', 'stamp', '-r', '/hello', '--once', '--port', '0')
      assert.equal(run.code, 0, run.stderr)
      assert.match(run.stdout, /GET \/hello 200 \d+ ms\n {2}request {3}\+ x-version: 1\n/)
    })

    it('shows the demo', () => {
      const { code, stdout, stderr } = fairway('demo', '--requests', '20', '--json')
      assert.equal(code, 0, stderr)
      assert.equal(JSON.parse(stdout).ok, 20)
    })

    it('has a controller, which says what it misses', () => {
      const { code, stderr } = fairway('controller')
      assert.notEqual(code, 0)
      assert.doesNotMatch(stderr, /bug in fairway|Cannot find|ERR_MODULE/)
    })
  })

  it('is a package that authors of filters can use with their own compiler, and run', () => {
    const author = path.join(folder, 'author')
    mkdirSync(path.join(author, 'node_modules'), { recursive: true })
    cpSync(built.packageFolder, path.join(author, 'node_modules/fairway'), { recursive: true })
    // What npm installs beside it.
    for (const name of readdirSync(path.join(root, 'node_modules')).filter((file) => !file.startsWith('.'))) {
      symlinkSync(path.join(root, 'node_modules', name), path.join(author, 'node_modules', name))
    }
    cpSync(path.join(root, 'examples/filters/tenant-by-claim'), path.join(author, 'filter'), { recursive: true })
    rmSync(path.join(author, 'filter/tsconfig.json'), { force: true })
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'esnext', strict: true, noEmit: true, allowImportingTsExtensions: true },
      ...{ types: ['node'], skipLibCheck: false, erasableSyntaxOnly: true, verbatimModuleSyntax: true },
    }
    writeFileSync(path.join(author, 'package.json'), '{ "type": "module" }')
    writeFileSync(path.join(author, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['filter'] }))
    writeFileSync(
      path.join(author, 'filter/wrong.ts'),
      "import type { FilterDefinition } from 'fairway/filter'\nexport const wrong: FilterDefinition = 1\n",
    )
    const { stdout } = spawnSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', author], {
      encoding: 'utf8',
    })
    // Only the one that is meant to be wrong is, so the types were found.
    assert.match(stdout, /wrong\.ts\(2,14\): error TS2322/)
    assert.equal(
      stdout
        .trim()
        .split('\n')
        .filter((line) => line.includes('error TS')).length,
      1,
      stdout,
    )
    // Node strips no types below node_modules, and does of what stands beside it.
    const launcher = path.join(author, 'node_modules/fairway/src/fairway.mjs')
    const tested = spawnSync(process.execPath, [launcher, 'filter', 'test', 'filter'], {
      cwd: author,
      encoding: 'utf8',
    })
    assert.equal(tested.status, 0, tested.stdout + tested.stderr)
  })
})
