import assert from 'node:assert/strict'
import test from 'node:test'
import { modifyPath, pathModifier } from './path-modifier.ts'

// Gateway API's table of HTTPPathModifier.replacePrefixMatch, and what it leaves open. The prefix is as the model gives
// it: without trailing slashes.
const prefixes: readonly (readonly [path: string, prefix: string, replacement: string, result: string])[] = [
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo', '/foo', '/xyz/', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/', '/foo', '/xyz/', '/xyz/'],
  ['/foo/', '/foo', '/xyz//', '/xyz/'],
  ['/foo//', '/foo', '/', '/'],
  ['/foo/bar/', '/foo', '/', '/bar/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '', '/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo', '/foo', '/', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo/bar', '/foo', '/', '/bar'],
  ['/', '/', '/xyz', '/xyz/'],
  ['/bar', '/', '/xyz', '/xyz/bar'],
  ['/bar', '/', '/', '/bar'],
  ['/foo//evil.example/x', '/foo', '', '/evil.example/x'],
  ['/foo//evil.example/x', '/foo', '///', '/evil.example/x'],
  ['/foo/bar', '/foo', 'xyz', '/xyz/bar'],
  ['/prefix/a/b', '/prefix/a', '/one/two', '/one/two/b'],
]
for (const [path, prefix, replacement, result] of prefixes) {
  test(`${path} with ${prefix} replaced by ${JSON.stringify(replacement)} is ${result}`, () => {
    const modifier = { type: 'ReplacePrefixMatch', replacePrefixMatch: replacement } as const
    assert.equal(modifyPath(path, prefix, modifier), result)
  })
}

test('without a prefix match there is nothing to replace', () => {
  assert.equal(modifyPath('/foo', undefined, { type: 'ReplacePrefixMatch', replacePrefixMatch: '/x' }), undefined)
})

for (const [full, result] of [
  ['/new', '/new'],
  ['', '/'],
  ['new', '/new'],
  ['/new/', '/new/'],
] as const) {
  test(`a full path of ${JSON.stringify(full)} is ${result}`, () => {
    assert.equal(modifyPath('/old', undefined, { type: 'ReplaceFullPath', replaceFullPath: full }), result)
  })
}

const bad: readonly (readonly [string, unknown])[] = [
  ['no type', { replaceFullPath: '/x' }],
  ['an unknown type', { type: 'ReplaceRegex', replaceFullPath: '/x' }],
  ['the value of the other type', { type: 'ReplaceFullPath', replacePrefixMatch: '/x' }],
  ['a query', { type: 'ReplaceFullPath', replaceFullPath: '/x?y' }],
  ['a fragment', { type: 'ReplaceFullPath', replaceFullPath: '/x#y' }],
  ['a space', { type: 'ReplacePrefixMatch', replacePrefixMatch: '/x y' }],
  ['a line end', { type: 'ReplacePrefixMatch', replacePrefixMatch: '/x\r\nset-cookie: a=b' }],
  ['a letter outside ASCII', { type: 'ReplacePrefixMatch', replacePrefixMatch: '/ä' }],
  ['1,025 characters', { type: 'ReplacePrefixMatch', replacePrefixMatch: 'x'.repeat(1025) }],
]
for (const [name, config] of bad) {
  test(`a path modifier with ${name} is refused`, () => {
    assert.equal(pathModifier.decode(config, 'path').ok, false)
  })
}
