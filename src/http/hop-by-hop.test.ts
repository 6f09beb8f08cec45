import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from './header-list.ts'
import { cleanRequest, removeHopByHop } from './hop-by-hop.ts'

const CASES: readonly { readonly name: string; readonly before: string; readonly after: string }[] = [
  {
    name: 'leaves end-to-end fields alone',
    before: 'host a|accept b|trailer x-sum',
    after: 'host a|accept b|trailer x-sum',
  },
  { name: 'leaves an empty list alone', before: '', after: '' },
  {
    name: 'removes the fields of the connection',
    before:
      'connection keep-alive|a 1|keep-alive timeout=5|proxy-connection close|transfer-encoding chunked|upgrade h2c|http2-settings x|b 2',
    after: 'a 1|b 2',
  },
  { name: 'removes them without a Connection field', before: 'upgrade h2c|transfer-encoding chunked', after: '' },
  {
    name: 'removes what Connection names',
    before: 'x-hop 1|connection close, X-Hop ,x-other|x-other 2|a 3',
    after: 'a 3',
  },
  {
    name: 'removes what any of several Connection fields names',
    before: 'x 1|connection x|y 2|connection y|a 3',
    after: 'a 3',
  },
  {
    name: 'keeps what routes, frames or authenticates, although Connection names it',
    before:
      'host a|authorization b|content-length 3|x-forwarded-for d|baggage e|x 1|connection host, authorization, content-length, x-forwarded-for, baggage, x',
    after: 'host a|authorization b|content-length 3|x-forwarded-for d|baggage e',
  },
  { name: 'keeps te: trailers, alone', before: 'te gzip;q=0.5, Trailers|connection te', after: 'te trailers' },
  { name: 'removes any other te', before: 'te gzip|a 1', after: 'a 1' },
  { name: 'bears empty options', before: 'connection ,, ,|a 1', after: 'a 1' },
]

for (const { name, before, after } of CASES) {
  test(name, () => {
    const headers = parse(before)
    removeHopByHop(headers)
    assert.deepEqual(headers.fields, parse(after).fields)
  })
}

test('a request is cleaned of what its client may not say, too, although Connection names it', () => {
  const headers = parse('a 1|x-forwarded-client-cert By=me|x-hop 1|connection x-hop, x-forwarded-client-cert')
  cleanRequest(headers)
  assert.deepEqual(headers.fields, ['a', '1'])
})

function parse(text: string): HeaderList {
  const fields = text.split('|').flatMap((field) => {
    const space = field.indexOf(' ')
    return field === '' ? [] : [field.slice(0, space), field.slice(space + 1)]
  })
  return new HeaderList(fields)
}
