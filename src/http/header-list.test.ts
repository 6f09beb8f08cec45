import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderList } from './header-list.ts'

describe('fields that are one to CGI', () => {
  for (const name of ['x-user-id', 'X-User-Id', 'x_user_id']) {
    it(`go with ${name}, and no others`, () => {
      const headers = new HeaderList([
        'x_user-id',
        'a',
        'x-user',
        'b',
        'x-user-id',
        'c',
        'x-user-idx',
        'd',
        'x-user_id',
        'e',
      ])
      headers.removeAlike(name)
      assert.deepEqual(headers.fields, ['x-user', 'b', 'x-user-idx', 'd'])
    })
  }
})

describe('credentials', () => {
  const cases: readonly (readonly [
    what: string,
    fields: readonly string[],
    change: (headers: HeaderList) => void,
    had: boolean,
  ])[] = [
    ['none', ['x', 'y'], () => {}, false],
    ['there', ['authorization', 'Basic x'], () => {}, true],
    ['taken out', ['cookie', 'a=b'], (headers) => void headers.remove('Cookie'), true],
    ['never there to be taken out', ['x', 'y'], (headers) => void headers.removeLower('authorization'), false],
    ['gone with all others', ['proxy-authorization', 'x'], (headers) => headers.replaceFields(['a', 'b']), true],
    ['told of', [], (headers) => headers.noteCredentials(), true],
  ]
  for (const [what, fields, change, had] of cases) {
    it(what, () => {
      const headers = new HeaderList([...fields])
      change(headers)
      assert.deepEqual([headers.hasCredentials, headers.clone().hasCredentials], [had, had])
    })
  }
})
