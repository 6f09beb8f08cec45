/** What the pages say can be followed: their links lead somewhere, their YAML is understood, and none is missing. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { deadlineFlags } from '../src/cli/deadline-flags.ts'
import { decodeMeshConfig } from '../src/config/objects/mesh-config/mesh-config.ts'
import { followedKinds } from '../src/config/source/kube/plan-watches.ts'
import { kubeResources, type KubeResource } from '../src/kube/resources.ts'
import { loadText } from './support/load-text.ts'

const root = path.join(import.meta.dirname, '..')
const pages = globSync(['*.md', 'docs/**/*.md', 'filters/**/*.md', 'examples/**/*.md'], { cwd: root })
const read = (page: string): string => readFileSync(path.join(root, page), 'utf8')

const fences = /^```(\w*)\n([^]*?)^```$/gm

/** The anchors that headings make. */
const anchorsOf = (text: string): readonly string[] =>
  Array.from(text.replaceAll(fences, '').matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

it('there are pages', () => assert.ok(pages.length > 20))

describe('links', () => {
  for (const page of pages) {
    it(`of ${page} lead somewhere`, () => {
      const text = read(page)
        .replaceAll(fences, '')
        .replaceAll(/`[^`\n]*`/g, '')
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [file = '', anchor] = target.split('#')
        const found = file === '' ? page : path.join(path.dirname(page), file)
        assert.ok(existsSync(path.join(root, found)), `${target} is there`)
        if (anchor !== undefined) assert.ok(anchorsOf(read(found)).includes(anchor), `${target} has that heading`)
      }
    })
  }
})

describe('nothing is left out:', () => {
  const contents = read('docs/README.md')
  for (const page of pages.filter((name) => /^docs\/(?:concepts|guides|reference)\/[^/]+$/.test(name))) {
    it(`docs/README.md leads to ${page}`, () => assert.ok(contents.includes(`](${page.replace('docs/', '')})`)))
  }
  it('the guide from an Envoy waypoint has kubectl get all that others may have written, but Secrets', () => {
    const asked = Array.from(
      read('docs/guides/migrate-from-envoy-waypoint.md').matchAll(/^kubectl get ([\w.,]+) .*-o yaml > /gm),
      ([, kinds = '']) => kinds.split(',').map((kind) => kind.split('.')[0]),
    ).flat()
    const resources: readonly KubeResource[] = Object.values(kubeResources)
    const missing = followedKinds.filter((kind) => {
      const found = resources.find((resource) => resource.kind === kind)
      // What has no resource there is a filter of ours.
      const isOurs = found === undefined || found.group === 'fairway.dev'
      return kind !== 'Secret' && !isOurs && !asked.includes(found.plural)
    })
    assert.deepEqual(missing, [])
    assert.ok(asked.length > 15)
  })
  it('the README leads to all of them', () => assert.ok(read('README.md').includes('](docs/README.md)')))
  for (const [name, { default: time }] of Object.entries(deadlineFlags)) {
    it(`the page of limits has --${name} with its default`, () => {
      const [, told = ''] =
        new RegExp(`^\\| \`--${name}\` *\\| (\\S+)`, 'm').exec(read('docs/concepts/limits.md')) ?? []
      assert.equal(told === 'none' ? '0s' : told, time)
    })
  }
})

/** A whole object, or the `rules` of an HTTPRoute. */
const toObject = (block: string): string => {
  const value: unknown = parse(block)
  assert.ok(typeof value === 'object' && value !== null)
  if ('kind' in value) return block
  assert.ok('rules' in value)
  const parentRefs = [{ group: '', kind: 'Service', name: 'api' }]
  const metadata = { name: 'page', namespace: 'shop' }
  const spec = { parentRefs, rules: value.rules }
  return JSON.stringify({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, spec })
}

/** A MeshConfig, or something that is meant for `-f`. */
const issuesOf = (page: string, block: string): readonly unknown[] => {
  if (/^---$/m.test(block)) return loadText(page, block).issues
  const value: unknown = parse(block)
  if (typeof value !== 'object' || value === null || !('extensionProviders' in value)) {
    return loadText(page, toObject(block)).issues
  }
  const decoded = decodeMeshConfig(value)
  return decoded.ok ? decoded.value.unused : decoded.issues
}

describe('YAML', () => {
  for (const page of pages) {
    const blocks = Array.from(read(page).matchAll(fences)).flatMap(([, language, block = '']) =>
      language === 'yaml' ? [block] : [],
    )
    for (const [index, block] of blocks.entries()) {
      it(`block ${index + 1} of ${page} is understood`, () => {
        assert.deepEqual(issuesOf(page, block), [])
      })
    }
  }
})
