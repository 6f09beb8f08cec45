import assert from 'node:assert/strict'
import { it } from 'node:test'
import { HeaderList } from '../../http/header-list.ts'
import { withoutSecrets } from './without-secrets.ts'

const headers = new HeaderList([
  ...['authorization', 'Custom hunter2+.*', 'cookie', 'a=abc; sid=dragon9', 'x-user', 'annabel', 'x-api-key', 'no'],
])

it('what a filter threw is told with its stack and without the values of secret headers', () => {
  const error = new Error('no user hunter2+.* or dragon9, annabel asked')
  const text = withoutSecrets(error, [undefined, headers])
  assert.match(text, /^Error: no user \(hidden\) or \(hidden\), annabel asked\n\s+at .*without-secrets\.test\.ts/)
})

it('what is no error is told as well', () => {
  assert.equal(withoutSecrets('hunter2+.*', [headers]), '(hidden)')
  assert.equal(withoutSecrets(undefined, [headers]), 'undefined')
})
