import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BAD_REQUESTS,
  BAD_RESPONSES,
  GOOD_REQUESTS,
  GOOD_RESPONSES,
  formatEvents,
  recordCase,
} from '../../../test/support/http/h1-cases.ts'
import { recordRequests, recordResponses } from '../../../test/support/http/h1-events.ts'
import { DEFAULT_H1_LIMITS, type H1Limits } from './limits.ts'
import type { H1RequestHead } from './message.ts'
import { H1RequestParser, H1ResponseParser } from './parser.ts'

const CHUNKED_HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'

const DIRECTIONS = [
  { direction: 'request', goodCases: GOOD_REQUESTS, badCases: BAD_REQUESTS },
  { direction: 'response', goodCases: GOOD_RESPONSES, badCases: BAD_RESPONSES },
] as const

for (const { direction, goodCases, badCases } of DIRECTIONS) {
  describe(`reads a ${direction}:`, () => {
    for (const good of goodCases) {
      test(good.name, () => {
        const whole = recordCase(direction, good, [])
        assert.equal(formatEvents(whole), good.events)
        for (const cuts of allCuts(good.text))
          assert.deepEqual(recordCase(direction, good, cuts), whole, `cut at ${cuts}`)
      })
    }
  })

  describe(`refuses a ${direction}:`, () => {
    for (const bad of badCases) {
      test(bad.name, () => {
        const whole = recordCase(direction, bad, [])
        assert.deepEqual(
          whole.map(({ kind }) => kind).filter((kind) => kind === 'failure'),
          ['failure'],
        )
        assert.match(formatEvents(whole.slice(-1)), new RegExp(`^failure:${bad.code}:[45]`))
        for (const cuts of allCuts(bad.text))
          assert.deepEqual(recordCase(direction, bad, cuts), whole, `cut at ${cuts}`)
      })
    }
  })
}

test('a head is told with its fields in order, names in lower case, values trimmed', () => {
  const [event] = recordRequests('GET /x HTTP/1.1\r\nHOST: a:1\r\nx-Odd_Name: 1 \r\nCookie: b\r\ncookie:\tc\r\n\r\n')
  assert.ok(event?.kind === 'request')
  assert.deepEqual(event.head.headers.fields, ['host', 'a:1', 'x-odd_name', '1', 'cookie', 'b', 'cookie', 'c'])
  assert.equal(event.head.host, 'a:1')
  assert.equal(event.head.minorVersion, 1)
})

test('a response is told with its reason', () => {
  const [event] = recordResponses('HTTP/1.1 404 Not Here\r\nServer: x\r\nContent-Length: 0\r\n\r\n')
  assert.ok(event?.kind === 'response')
  assert.equal(event.head.reason, 'Not Here')
  assert.deepEqual(event.head.headers.fields, ['server', 'x', 'content-length', '0'])
})

test('a length with leading zeros is passed on without them, lest the next hop read octal', () => {
  const [event] = recordRequests('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n0123456789')
  assert.ok(event?.kind === 'request')
  assert.equal(event.head.bodyLength, 10)
  assert.equal(event.head.headers.get('content-length'), '10')
})

test('the host is that of Host, or in HTTP/1.0 without one that of an absolute target', () => {
  for (const [text, host] of [
    ['GET http://A:80/ HTTP/1.1\r\nHost: a\r\n\r\n', 'a'],
    ['GET http://B:81/x HTTP/1.0\r\n\r\n', 'B:81'],
    ['GET / HTTP/1.0\r\n\r\n', undefined],
  ] as const) {
    const [event] = recordRequests(text)
    assert.ok(event?.kind === 'request')
    assert.equal(event.head.host, host)
  }
})

describe('limits', () => {
  const limits: H1Limits = {
    headBytes: 100,
    targetBytes: 20,
    fields: 3,
    trailerBytes: 30,
    chunkLineBytes: 8,
    bodyBytes: 9,
  }
  const fill = (size: number): string => 'x'.repeat(size)
  const head = (size: number): string => {
    const start = 'GET / HTTP/1.1\r\nHost: a\r\nx: '
    return `${start}${fill(size - start.length - 4)}\r\n\r\n`
  }
  const sized = (length: number, body: string): string =>
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`
  const cases = [
    { name: 'a head of the limit', text: head(100), events: 'GET / end' },
    { name: 'a head beyond it', text: head(101), events: 'failure:head-too-large:431' },
    { name: 'a head far beyond it', text: head(9000), events: 'failure:head-too-large:431' },
    { name: 'a head beyond it that never ends', text: head(200).slice(0, 150), events: 'failure:head-too-large:431' },
    { name: 'a first line beyond the head', text: `GET /${fill(200)}`, events: 'failure:uri-too-long:414' },
    {
      name: 'a whole first line beyond the head',
      text: `GET /${fill(200)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      events: 'failure:uri-too-long:414',
    },
    {
      name: 'a target of the limit',
      text: `GET /${fill(19)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      events: `GET /${fill(19)} end`,
    },
    {
      name: 'a target beyond it',
      text: `GET /${fill(20)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      events: 'failure:uri-too-long:414',
    },
    { name: 'as many fields as allowed', text: 'GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\n\r\n', events: 'GET / end' },
    {
      name: 'one more',
      text: 'GET / HTTP/1.1\r\nHost: a\r\na:\r\nb:\r\nc:\r\n\r\n',
      events: 'failure:head-too-large:431',
    },
    { name: 'a chunk line of the limit', text: `${CHUNKED_HEAD}0;xxxx\r\n\r\n`, events: 'POST / chunked end' },
    {
      name: 'a chunk line beyond it',
      text: `${CHUNKED_HEAD}0;xxxxx\r\n\r\n`,
      events: 'POST / chunked failure:bad-request:400',
    },
    { name: 'a body of the limit', text: sized(9, 'b'.repeat(9)), events: `PUT / len=9 body:${'b'.repeat(9)} end` },
    { name: 'a body beyond it, before the head is told', text: sized(10, 'b'), events: 'failure:body-too-large:413' },
    {
      name: 'chunks of the limit together',
      text: `${CHUNKED_HEAD}4\r\nabcd\r\n5\r\nefghi\r\n0\r\n\r\n`,
      events: 'POST / chunked body:abcdefghi end',
    },
    {
      name: 'chunks beyond it together',
      text: `${CHUNKED_HEAD}4\r\nabcd\r\n6\r\nefghij\r\n0\r\n\r\n`,
      events: 'POST / chunked body:abcd failure:body-too-large:413',
    },
    {
      name: 'chunked bodies of the limit one after the other',
      text: `${CHUNKED_HEAD}9\r\nabcdefghi\r\n0\r\n\r\n`.repeat(2),
      events: 'POST / chunked body:abcdefghi end POST / chunked body:abcdefghi end',
    },
    {
      name: 'bodies of the limit one after the other',
      text: sized(9, 'b'.repeat(9)).repeat(2),
      events: `PUT / len=9 body:${'b'.repeat(9)} end PUT / len=9 body:${'b'.repeat(9)} end`,
    },
    {
      name: 'trailers of the limit',
      text: `${CHUNKED_HEAD}0\r\nx: ${fill(23)}\r\n\r\n`,
      events: `POST / chunked end(x,${fill(23)})`,
    },
    {
      name: 'trailers beyond it',
      text: `${CHUNKED_HEAD}0\r\nx: ${fill(24)}\r\n\r\n`,
      events: 'POST / chunked failure:head-too-large:431',
    },
    {
      name: 'too many trailers',
      text: `${CHUNKED_HEAD}0\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n`,
      events: 'POST / chunked failure:head-too-large:431',
    },
  ]
  for (const { name, text, events } of cases) {
    test(name, () => {
      for (const cuts of [[], ...allCuts(text)])
        assert.equal(formatEvents(recordRequests(text, { cuts, limits })), events, `cut at ${cuts.join()}`)
    })
  }

  const answers = [
    {
      name: 'a response of the limit',
      text: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdefghi',
      events: '200 len=9 body:abcdefghi end',
    },
    {
      name: 'a response beyond it',
      text: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      events: 'failure:body-too-large:413',
    },
    {
      name: 'a response until close, of the limit',
      text: 'HTTP/1.1 200 OK\r\n\r\nabcdefghi',
      events: '200 until-close close body:abcdefghi end',
    },
  ]
  for (const { name, text, events } of answers) {
    test(name, () => {
      for (const cuts of [[], ...allCuts(text)])
        assert.equal(formatEvents(recordResponses(text, { cuts, limits })), events, `cut at ${cuts.join()}`)
    })
  }

  test('a response until close, beyond it', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nabcdefghij'
    for (const cuts of [[], ...allCuts(text)]) {
      const events = formatEvents(recordResponses(text, { cuts, limits }))
      assert.match(events, /^200 until-close close (body:[a-i]+ )?failure:body-too-large:413$/)
    }
  })

  test('the default ones hold 200 fields and 16 KiB of target, and no more', () => {
    const fields = (count: number): string => `GET / HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(count - 1)}\r\n`
    const target = (size: number): string => `GET /${fill(size - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`
    assert.equal(formatEvents(recordRequests(fields(200))), 'GET / end')
    assert.equal(formatEvents(recordRequests(fields(201))), 'failure:head-too-large:431')
    assert.equal(recordRequests(target(DEFAULT_H1_LIMITS.targetBytes))[0]?.kind, 'request')
    assert.equal(formatEvents(recordRequests(target(DEFAULT_H1_LIMITS.targetBytes + 1))), 'failure:uri-too-long:414')
  })
})

describe('feed', () => {
  const twoRequests = Buffer.from(
    'PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
  )

  test('stops after a request and goes on with the next when asked', () => {
    const { parser, heads } = createRequests()
    const first = parser.feed(twoRequests, 0, twoRequests.length)
    assert.equal(twoRequests.toString('latin1', first, first + 6), 'GET /2')
    assert.deepEqual(
      heads.map(({ target }) => target),
      ['/1'],
    )
    assert.ok(parser.isIdle)
    assert.equal(parser.feed(twoRequests, first, twoRequests.length), twoRequests.length)
    assert.deepEqual(
      heads.map(({ target }) => target),
      ['/1', '/2'],
    )
  })

  test('can be called for the next message from onEnd', () => {
    const targets: string[] = []
    let consumed = 0
    const parser: H1RequestParser = new H1RequestParser({
      onRequest: ({ target }) => targets.push(target),
      onBody: () => {},
      onEnd: () => {
        if (targets.length === 1) consumed = parser.feed(twoRequests, twoRequests.indexOf('GET /2'), twoRequests.length)
      },
      onFailure: ({ message }) => assert.fail(message),
    })
    assert.equal(parser.feed(twoRequests, 0, twoRequests.length), twoRequests.indexOf('GET /2'))
    assert.equal(consumed, twoRequests.length)
    assert.deepEqual(targets, ['/1', '/2'])
  })

  test('leaves what follows CONNECT to the tunnel', () => {
    const { parser } = createRequests()
    const input = Buffer.from('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\r\n\r\n', 'latin1')
    assert.equal(parser.feed(input, 0, input.length), input.length - 6)
  })

  for (const [method, status] of [
    ['GET', 101],
    ['CONNECT', 200],
  ] as const) {
    test(`leaves what follows a ${status} to ${method} to the new protocol`, () => {
      const seen: string[] = []
      const parser = new H1ResponseParser({
        onInformational: () => seen.push('informational'),
        onResponse: ({ bodyLength, keepAlive }) => seen.push(`response ${bodyLength} ${keepAlive}`),
        onBody: () => seen.push('body'),
        onEnd: () => seen.push('end'),
        onFailure: () => seen.push('failure'),
      })
      parser.expect(method)
      const input = Buffer.from(`HTTP/1.1 ${status} X\r\nUpgrade: y\r\n\r\nHTTP/1.1 200\r\n\r\n`)
      assert.equal(parser.feed(input, 0, input.length), input.indexOf('HTTP/1.1 200\r\n\r\n', 20))
      assert.deepEqual(seen, ['response 0 false', 'end'])
      assert.ok(parser.isIdle)
    })
  }

  test('hands on slices of the input, not copies', () => {
    const buffers: Buffer[] = []
    const parser = new H1RequestParser({
      onRequest: () => {},
      onBody: (buffer) => buffers.push(buffer),
      onEnd: () => {},
      onFailure: () => {},
    })
    parser.feed(twoRequests, 0, twoRequests.length)
    assert.equal(buffers.length, 1)
    assert.equal(buffers[0], twoRequests)
  })

  test('does nothing more after a failure', () => {
    const { parser, failures, heads } = createRequests()
    const input = Buffer.from('GET / HTTP/3.0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(parser.feed(input, 0, input.length), input.length)
    assert.equal(parser.feed(input, 18, input.length), input.length)
    parser.finish()
    assert.equal(failures.length, 1)
    assert.match(failures[0] ?? '', /HTTP\/3\.0/)
    assert.equal(heads.length, 0)
    assert.ok(!parser.isIdle)
  })

  const spoilt = [
    { name: 'a bare LF', text: 'GET / HTTP/1.1\n' },
    { name: 'a bare CR', text: 'GET / HTTP/1.1\rH' },
    { name: 'a bare CR instead of the blank line', text: 'GET / HTTP/1.1\r\n\rH' },
    { name: 'a control', text: 'GET /\0' },
    { name: 'a bare CR in the trailers', text: `${CHUNKED_HEAD}0\r\nX: y\rz` },
  ]
  for (const { name, text } of spoilt) {
    test(`refuses ${name} at once, without waiting for the end of the head`, () => {
      const { parser, failures } = createRequests()
      const input = Buffer.from(text)
      parser.feed(input, 0, input.length)
      assert.equal(failures.length, 1)
    })
  }
})

test('stop, even from a handler, silences the parser', () => {
  let bodies = 0
  const parser: H1RequestParser = new H1RequestParser({
    onRequest: () => parser.stop(),
    onBody: () => bodies++,
    onEnd: () => assert.fail('onEnd'),
    onFailure: () => assert.fail('onFailure'),
  })
  const input = Buffer.from('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
  assert.equal(parser.feed(input, 0, input.length), input.length)
  parser.finish()
  assert.equal(bodies, 0)
})

test('isIdle is true only between messages with nothing kept', () => {
  const { parser } = createRequests()
  const states: boolean[] = [parser.isIdle]
  for (const piece of [
    '\r',
    '\n',
    'G',
    'ET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n',
    'x',
  ]) {
    const input = Buffer.from(piece)
    parser.feed(input, 0, input.length)
    states.push(parser.isIdle)
  }
  assert.deepEqual(states, [true, false, true, false, true, false, true])
})

test('an end between requests is no failure', () => {
  const { parser, failures } = createRequests()
  parser.finish()
  const input = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  parser.feed(input, 0, input.length)
  parser.finish()
  assert.deepEqual(failures, [])
})

test('a second expect while a response is due is a bug, and thrown', () => {
  const parser = new H1ResponseParser({
    onInformational: () => {},
    onResponse: () => {},
    onBody: () => {},
    onEnd: () => {},
    onFailure: () => {},
  })
  parser.expect('GET')
  assert.throws(() => parser.expect('HEAD'), /expect\(HEAD\) while the response to GET is due/)
})

/** Every cut in two, and single bytes; of long texts a sample. */
function* allCuts(text: string): Iterable<readonly number[]> {
  const step = Math.max(1, Math.floor(text.length / 400))
  for (let at = 1; at < text.length; at += step) yield [at]
  if (text.length > 1) yield Array.from({ length: text.length - 1 }, (_, i) => i + 1)
}

function createRequests() {
  const heads: H1RequestHead[] = []
  const failures: string[] = []
  const parser = new H1RequestParser({
    onRequest: (head) => heads.push(head),
    onBody: () => {},
    onEnd: () => {},
    onFailure: ({ message }) => failures.push(message),
  })
  return { parser, heads, failures }
}
