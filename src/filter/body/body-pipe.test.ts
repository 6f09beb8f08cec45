import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../test/support/random.ts'
import { later } from '../../../test/support/turns.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { TrailersHook } from '../chain.ts'
import type { BodyResult, BodyTransform } from '../index.ts'
import { createReply } from '../reply.ts'
import { createExchange } from '../testing.ts'
import { BodyPipe, type BodyMemory, type TooMuch } from './body-pipe.ts'
import type { BodyStage } from './body-stage.ts'

const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await later(0)
}

const stage = (transform: BodyTransform, parts: Partial<BodyStage> = {}): BodyStage => ({
  transform,
  isWhole: false,
  limitBytes: 1 << 20,
  kind: 'Test',
  ...parts,
})
const whole = (transform: BodyTransform, limitBytes = 1 << 20): BodyStage =>
  stage(transform, { isWhole: true, limitBytes })
const upper: BodyTransform = (bytes) => bytes.toString('latin1').toUpperCase()
const noMemory: BodyMemory = { take: () => true, give: () => {} }

/** What came of a body, and who takes what comes out: at once, unless `isTaking` is false. */
class Bed {
  readonly pipe: BodyPipe
  out = ''
  pieces = 0
  credit = 0
  ended: HeaderList | 'no trailers' | undefined
  replies: number[] = []
  tooMuch: TooMuch[] = []
  thrown: string[] = []
  isTaking = true
  heldBytes = 0

  constructor(
    stages: readonly BodyStage[],
    { memory = noMemory, trailers = [] }: { memory?: BodyMemory; trailers?: readonly TrailersHook[] } = {},
  ) {
    this.pipe = new BodyPipe(
      { stages, trailers, exchange: createExchange(), memory },
      {
        onBytes: (buffer, start, end) => {
          this.out += buffer.toString('latin1', start, end)
          this.pieces++
          if (!this.isTaking) this.heldBytes += end - start
          return this.isTaking
        },
        onCredit: (bytes) => void (this.credit += bytes),
        onEnd: (fields) => void (this.ended = fields ?? 'no trailers'),
        onReply: ({ status }) => void this.replies.push(status),
        onTooMuch: (what) => void this.tooMuch.push(what),
        onThrown: (error, isLate) => void this.thrown.push(`${isLate ? 'late ' : ''}${String(error)}`),
      },
    )
  }

  /** Bytes that were passed on at once are credited by this. */
  push(text: string): boolean {
    const bytes = Buffer.from(`<${text}>`, 'latin1')
    const isPassed = this.pipe.push(bytes, 1, bytes.length - 1)
    if (isPassed) this.credit += text.length
    return isPassed
  }
}

describe('a body on its way through filters', () => {
  it('is changed piece by piece, and nothing of it waits', () => {
    const bed = new Bed([stage(upper), stage((bytes, isLast) => `[${String(bytes)}${isLast ? '!' : ''}]`)])
    assert.deepEqual([bed.push('ab'), bed.push('c')], [true, true])
    assert.equal(bed.out, '[AB][C]')
    bed.pipe.end(undefined)
    assert.deepEqual([bed.out, bed.ended, bed.credit], ['[AB][C][!]', 'no trailers', 3])
  })

  it('is given as a whole to a filter that wants it so, and to those behind it', () => {
    const seen: [string, boolean][] = []
    const note: BodyTransform = (bytes, isLast) => void seen.push([String(bytes), isLast])
    const bed = new Bed([whole((bytes) => `${String(bytes)}.`), stage(note)])
    assert.deepEqual([bed.push('ab'), bed.push('cd')], [true, true])
    assert.equal(bed.out, '')
    bed.pipe.end(undefined)
    assert.deepEqual([bed.out, bed.pieces, seen], ['abcd.', 1, [['abcd.', true]]])
  })

  it('goes on as it is where a filter says nothing, and not at all where it says an empty text', () => {
    const bed = new Bed([stage((bytes) => (String(bytes) === 'b' ? '' : undefined))])
    for (const text of ['a', 'b', 'c']) assert.equal(bed.push(text), true)
    bed.pipe.end(undefined)
    assert.deepEqual([bed.out, bed.ended], ['ac', 'no trailers'])
  })

  it('without bytes is shown to filters once, at its end', () => {
    let calls = 0
    const bed = new Bed([stage((_, isLast) => (calls++, isLast ? 'end' : 'piece')), stage(upper)])
    bed.pipe.end(undefined)
    assert.deepEqual([bed.out, calls], ['END', 1])
  })

  it('waits for a promise in order, with what comes meanwhile, and its sender gets no credit', async () => {
    const bed = new Bed([stage((bytes) => (bytes.length === 0 ? undefined : later(`(${String(bytes)})`)))])
    assert.equal(bed.push('a'), false)
    assert.equal(bed.pipe.waitsFor, 'Test')
    assert.deepEqual([bed.push('b'), bed.push('c'), bed.credit], [false, false, 0])
    bed.pipe.end(undefined)
    await turns()
    // What waited goes on in one piece.
    assert.deepEqual([bed.out, bed.ended, bed.credit], ['(a)(bc)', 'no trailers', 3])
    assert.equal(bed.pipe.waitsFor, undefined)
  })

  it('gets credit for what went in when what came out is taken', () => {
    const bed = new Bed([stage((bytes) => `${String(bytes)}${String(bytes)}`)])
    bed.isTaking = false
    assert.deepEqual([bed.push('abc'), bed.push('d')], [false, false])
    bed.pipe.onPassed(6)
    assert.equal(bed.credit, 0)
    bed.pipe.onPassed(2)
    assert.equal(bed.credit, 4)
    bed.isTaking = true
    assert.equal(bed.push('e'), true)
  })

  it('that is too long for a filter is given up, and what was kept of it forgotten', () => {
    let kept = 0
    const memory = { take: (bytes: number) => ((kept += bytes), true), give: (bytes: number) => void (kept -= bytes) }
    const bed = new Bed([whole(upper, 4)], { memory })
    assert.equal(bed.push('abcd'), true)
    assert.equal(kept, 4)
    bed.push('e')
    assert.deepEqual(bed.tooMuch, [{ why: 'too-large', kind: 'Test' }])
    assert.equal(bed.pipe.cancel(), 0)
    assert.deepEqual([bed.out, kept], ['', 0])
  })

  it('that there is no memory for is given up', () => {
    const bed = new Bed([whole(upper)], { memory: { take: (bytes) => bytes < 3, give: () => {} } })
    bed.push('ab')
    bed.push('cde')
    assert.deepEqual(bed.tooMuch, [{ why: 'no-room', kind: 'Test' }])
  })

  it('keeps its memory until what came out is taken', () => {
    let kept = 0
    const memory = { take: (bytes: number) => ((kept += bytes), true), give: (bytes: number) => void (kept -= bytes) }
    const bed = new Bed([whole(upper)], { memory })
    bed.push('abcd')
    bed.isTaking = false
    bed.pipe.end(undefined)
    assert.equal(kept, 4)
    bed.pipe.onPassed(4)
    assert.equal(kept, 0)
  })

  const refusals: readonly [name: string, result: () => unknown, thrown: RegExp][] = [
    ['a number', () => 7, /neither bytes, nor text/],
    ['null', () => null, /./],
    ['another object', () => ({ status: 200 }), /neither bytes, nor text/],
    ['a promise of a number', () => Promise.resolve(7), /neither bytes, nor text/],
    ['a promise that is rejected', () => Promise.reject(new Error('no')), /no/],
  ]
  for (const [name, result, thrown] of refusals) {
    it(`fails when a filter says ${name}`, async () => {
      const bed = new Bed([stage(() => result() as BodyResult)])
      bed.push('a')
      await turns(3)
      assert.match(bed.thrown.join(), thrown)
      assert.equal(bed.push('b'), true)
      bed.pipe.end(undefined)
      assert.deepEqual([bed.out, bed.ended, bed.thrown.length], ['', undefined, 1])
    })
  }

  it('fails when a filter throws, and nothing more of it goes on', () => {
    const bed = new Bed([
      stage(() => {
        throw new Error('broken')
      }),
    ])
    bed.push('a')
    bed.push('b')
    bed.pipe.end(undefined)
    assert.deepEqual([bed.thrown, bed.out, bed.ended], [['Error: broken'], '', undefined])
  })

  it('is answered by a filter, at once or after waiting', async () => {
    for (const reply of [createReply(403), later(createReply(403))]) {
      const bed = new Bed([whole(() => reply), stage(upper)])
      bed.push('a')
      bed.pipe.end(undefined)
      await turns(3)
      assert.deepEqual([bed.replies, bed.out, bed.ended], [[403], '', undefined])
    }
  })

  it('that nobody wants any more says what it held, and what filters say later is not heard', async () => {
    const bed = new Bed([stage(() => later('late'))])
    bed.push('abc')
    bed.push('de')
    assert.equal(bed.pipe.cancel(), 5)
    await turns(3)
    assert.deepEqual([bed.out, bed.credit, bed.pipe.waitsFor], ['', 0, undefined])
    const failing = new Bed([stage(() => later(0).then(() => Promise.reject(new Error('late'))))])
    failing.push('a')
    failing.pipe.cancel()
    await turns(3)
    assert.deepEqual(failing.thrown, ['late Error: late'])
  })
})

describe('trailers', () => {
  const set =
    (name: string, value: string, isAsync = false): TrailersHook =>
    (trailers) => {
      if (!isAsync) return trailers.set(name, value)
      return later(0).then(() => trailers.set(name, value))
    }

  it('are changed by filters in order, at once or after waiting, and added where there are none', async () => {
    const bed = new Bed([], { trailers: [set('a', '1'), set('a', '2', true)] })
    bed.push('x')
    bed.pipe.end(undefined)
    await turns(3)
    assert.deepEqual(bed.ended instanceof HeaderList && bed.ended.fields, ['a', '2'])
  })

  it('that filters take away are none', () => {
    const bed = new Bed([], { trailers: [(trailers) => void trailers.remove('a')] })
    bed.pipe.end(new HeaderList(['a', '1']))
    assert.equal(bed.ended, 'no trailers')
  })

  it('fail with a filter that throws, rejects or replies', async () => {
    const failing: readonly TrailersHook[] = [
      () => {
        throw new Error('thrown')
      },
      () => Promise.reject(new Error('rejected')),
      () => createReply(200) as unknown as void,
    ]
    for (const hook of failing) {
      const bed = new Bed([], { trailers: [hook] })
      bed.pipe.end(undefined)
      await turns(3)
      assert.deepEqual([bed.ended, bed.thrown.length], [undefined, 1])
    }
  })
})

/** Takes out each `secret`, wherever a piece ends. */
const redact = (): BodyTransform => {
  let tail = ''
  return (bytes, isLast) => {
    const text = (tail + bytes.toString('latin1')).replaceAll('secret', '******')
    const kept = isLast ? 0 : Math.min(text.length, 'secret'.length - 1)
    tail = text.slice(text.length - kept)
    return text.slice(0, text.length - kept)
  }
}

describe('however a body is cut', () => {
  it('the same comes out, whoever waits, and whoever takes it late', async () => {
    const { fraction: random } = seededRandom(9)
    const body = Array.from({ length: 400 }, () => (random() < 0.2 ? 'secret' : 'sec'.slice(0, random() * 4))).join('')
    const expected = body.replaceAll('secret', '******').toUpperCase()
    for (let round = 0; round < 60; round++) {
      const maybeLater: BodyTransform = (bytes) => {
        const text = bytes.toString('latin1').toUpperCase()
        return random() < 0.3 ? later(text) : text
      }
      const middle = random() < 0.3 ? [whole(() => undefined)] : []
      const bed = new Bed([stage(redact()), ...middle, stage(maybeLater)])
      for (let at = 0; at < body.length;) {
        const end = Math.min(body.length, at + 1 + Math.floor(random() * 40))
        bed.isTaking = random() < 0.7
        bed.push(body.slice(at, end))
        at = end
        if (random() < 0.2) await later(0)
        if (random() < 0.5) {
          bed.pipe.onPassed(bed.heldBytes)
          bed.heldBytes = 0
        }
      }
      bed.pipe.end(undefined)
      // Each piece, and the end, may wait.
      while (bed.ended === undefined) await later(0)
      bed.pipe.onPassed(bed.heldBytes)
      assert.equal(bed.out, expected)
      assert.equal(bed.credit, body.length, 'each byte is credited once')
    }
  })
})
