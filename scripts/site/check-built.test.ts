import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkBuilt } from './check-built.ts'

const build = (context: TestContext, files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-built-'))
  context.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
  return folder
}

test('a site that is whole gives no complaint', (context) => {
  const folder = build(context, {
    'index.html': '<a href="/x/a">a</a><a href="/x/b/#there">b</a><a href="#">top</a><script src="/x/s.js"></script>',
    'a.html': '<a href="https://example.com/">away</a><a href="./b/">b</a><img src="data:image/png;base64,xx">',
    'b/index.html': '<h2 id="there">x</h2><a href="#there">x</a>',
    's.js': '',
  })
  assert.deepEqual(checkBuilt(folder, '/x/'), [])
})

test('what is missing, or comes from elsewhere, is named with its page', (context) => {
  const folder = build(context, {
    'index.html': '<a href="/gone">a</a><a href="/a#not">b</a><link href="https://fonts.example.com/x.css">',
    'a.html': '<script src="//cdn.example.com/x.js"></script><a href="/a#yes">x</a>',
  })
  assert.deepEqual(checkBuilt(folder, '/').toSorted(), [
    'a.html: /a#yes has no such heading',
    'a.html: <script> is loaded from //cdn.example.com/x.js',
    'index.html: /a#not has no such heading',
    'index.html: /gone is not there',
    'index.html: <link> is loaded from https://fonts.example.com/x.css',
  ])
  assert.deepEqual(checkBuilt(build(context, { 'a.txt': '' }), '/').length, 1)
})
