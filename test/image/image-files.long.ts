import assert from 'node:assert/strict'
import { existsSync, globSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import ourManifest from '../../package.json' with { type: 'json' }
import { sizeOf } from '../../scripts/build/sizes.ts'
import { buildImage } from './support/build.ts'
import { whyNoContainer } from './support/container.ts'
import { createImageMesh, startInContainer, VIP } from './support/image-mesh.ts'

/** With what the base image brings, and the compile cache, 250 MB. */
const MAX_BYTES = 210e6

test('the files of the image are small, complete, and serve from a read-only root without any rights', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-image-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { image, packageFolder } = await buildImage(folder)
  const files = globSync('**/*', { cwd: image })

  await t.test('nothing of the workshop is in it', () => {
    const strange = files.filter((file) =>
      /\.test\.|\.map$|(?<!\.d)\.ts$|package-lock|\/node-linux-|\/typescript\/|\/scripts\/build/.test(file),
    )
    assert.deepEqual(strange, [])
    assert.ok(sizeOf(image) < MAX_BYTES, `${sizeOf(image)} bytes`)
  })

  await t.test('every command of the package is there, and started by its Node', () => {
    for (const [name, script] of Object.entries(ourManifest.bin)) {
      assert.equal(readlinkSync(path.join(image, 'usr/local/bin', name)), `/opt/fairway/${script}`)
      assert.match(readFileSync(path.join(image, 'opt/fairway', script), 'utf8'), /^#!\/usr\/local\/bin\/node\n/)
    }
  })

  await t.test('each package has its licence, where its authors gave one', () => {
    const manifests = files.filter((file) => /\/node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(file))
    assert.ok(manifests.length > 80, `${manifests.length} packages`)
    for (const manifest of manifests) {
      const name = path.dirname(manifest).replace('opt/fairway/', '')
      const given = globSync('{licen[cs]e,notice}*', {
        cwd: path.join(import.meta.dirname, '../..', name),
        nocase: true,
      } as object)
      for (const file of given) assert.ok(existsSync(path.join(image, path.dirname(manifest), file)), `${name}/${file}`)
    }
  })

  await t.test('what packages begin with was not left out', () => {
    for (const file of files.filter((name) => /\/node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(name))) {
      const { main } = JSON.parse(readFileSync(path.join(image, file), 'utf8'))
      if (typeof main !== 'string' || main === '') continue
      const begins = ['', '.js', '/index.js'].map((end) => path.join(image, path.dirname(file), main + end))
      assert.ok(
        begins.some((name) => statSync(name, { throwIfNoEntry: false })?.isFile() === true),
        `${file}: ${main}`,
      )
    }
  })

  await t.test('its list names what is there, and Node', () => {
    const bill = JSON.parse(readFileSync(path.join(image, 'opt/fairway/sbom.cdx.json'), 'utf8'))
    const listed: readonly string[] = bill.components.map(
      ({ name, version }: Record<string, string>) => `${name}@${version}`,
    )
    assert.ok(listed.includes(`node@${process.versions.node}`), 'Node is listed')
    for (const file of files.filter((name) => /\/node_modules\/(?:@[^/]+\/)?[^/@]+\/package\.json$/.test(name))) {
      const { name, version } = JSON.parse(readFileSync(path.join(image, file), 'utf8'))
      assert.ok(listed.includes(`${name}@${version}`), `${name}@${version} is listed`)
    }
  })

  await t.test('what authors import has types, and leads nowhere else', () => {
    const manifest = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8'))
    assert.deepEqual(manifest.exports['./filter'], {
      types: './src/filter/index.d.ts',
      default: './src/filter/index.js',
    })
    for (const file of globSync('**/*.d.ts', { cwd: packageFolder })) {
      const text = readFileSync(path.join(packageFolder, file), 'utf8')
      for (const [, name = ''] of text.matchAll(/['"](\.{1,2}\/[^'"\n]*)\.js['"]/g)) {
        assert.ok(existsSync(path.join(packageFolder, path.dirname(file), `${name}.d.ts`)), `${file}: ${name}`)
      }
    }
  })

  const why = whyNoContainer()
  await t.test('it serves', { skip: why ?? false }, async () => {
    const setting = await createImageMesh('127.71.60')
    await using mesh = setting.mesh
    await using fairway = await startInContainer(setting, { image })
    const client = await mesh.dial(fairway)
    const { status } = await client.request(VIP, { path: '/hello' })
    assert.equal(status, 200)
    const owners = /^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${fairway.pid}/status`, 'utf8'))?.[1]
    assert.deepEqual(owners?.split('\t'), ['1337', '1337', '1337', '1337'])
    const complaints = fairway.log().filter(({ level }) => level === 'warn' || level === 'error')
    assert.deepEqual(complaints, [])
  })
})
