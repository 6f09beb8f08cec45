import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import { Applicant, HandshakeAdmission } from './admission.ts'

let clock: FakeClock
let admission: HandshakeAdmission
let admitted: Applicant[]
let refused: Applicant[]
let shed: number
/** The share of time that the loop is idle for. */
let idleRatio: number
let idleMs: number
let isUsed: boolean

beforeEach(() => {
  clock = createFakeClock()
  ;[admitted, refused, shed, idleRatio, idleMs, isUsed] = [[], [], 0, 1, 0, true]
  admission = new HandshakeAdmission({ clock, idleMs: () => idleMs, isUsed: () => isUsed, onShed: () => shed++ })
})

const offer = (count = 1, address = '10.0.0.1'): Applicant[] =>
  Array.from({ length: count }, () => {
    const applicant: Applicant = new Applicant(address, {
      admit: () => admitted.push(applicant),
      refuse: () => refused.push(applicant),
    })
    admission.offer(applicant)
    return applicant
  })

/** Lets time pass; each handshake is over at once, unless told otherwise. */
const pass = (ms: number, finish = true): void => {
  for (let i = 0; i < ms; i++) {
    idleMs += idleRatio
    clock.advance(1)
    if (finish) for (const applicant of admitted) admission.leave(applicant)
  }
}

describe('handshakes', () => {
  it('begin at once when nobody waits', () => {
    for (let i = 0; i < 10; i++) {
      offer()
      assert.equal(admitted.length, i + 1)
      pass(10)
    }
    assert.equal(clock.pending(), 0)
  })

  it('begin one each turn while the loop has time', () => {
    offer(100)
    const before = admitted.length
    assert.ok(before <= 2)
    pass(20)
    assert.equal(admitted.length, before + 20)
    pass(100)
    assert.equal(admitted.length, 100)
    assert.deepEqual([shed, admission.waiting, clock.pending()], [0, 0, 0])
  })

  it('take a tenth of a loop that is busy with open connections', () => {
    idleRatio = 0.1
    offer(100)
    const before = admitted.length
    pass(100)
    assert.equal(admitted.length, before + 10)
  })

  it('take all of it while nobody has a tunnel', () => {
    isUsed = false
    idleRatio = 0
    offer(1000)
    pass(65)
    assert.deepEqual([admitted.length, shed], [1000, 0])
  })

  it('of a thousand clients at once are all let in', () => {
    offer(1000)
    pass(1100)
    assert.deepEqual([admitted.length, shed], [1000, 0])
  })

  it('are called a crowd while many wait, and until nobody does', () => {
    const crowds: boolean[] = []
    const onCrowd = (isCrowded: boolean): void => void crowds.push(isCrowded)
    admission = new HandshakeAdmission({
      clock,
      idleMs: () => idleMs,
      isUsed: () => true,
      onShed: () => shed++,
      onCrowd,
    })
    offer(200)
    pass(250)
    assert.deepEqual(crowds, [])
    offer(300)
    assert.deepEqual(crowds, [true])
    pass(250)
    assert.deepEqual(crowds, [true])
    pass(60)
    assert.deepEqual(crowds, [true, false])
    offer(300)
    admission.close()
    assert.deepEqual(crowds, [true, false, true, false])
  })

  it('of two addresses take turns', () => {
    offer(500, '10.0.0.1')
    pass(3)
    const [late] = offer(1, '10.0.0.2')
    assert.ok(late)
    pass(2)
    assert.equal(late.state, 'gone')
    assert.ok(admitted.includes(late))
  })

  it('that wait longer than a burst takes are refused, a few at a time', () => {
    idleRatio = 0
    offer(1000)
    pass(4999)
    assert.equal(shed, 0)
    pass(10)
    assert.ok(shed >= 50 && shed <= 80, `${shed} shed`)
    pass(200)
    assert.equal(admission.waiting, 0)
    assert.equal(admitted.length + refused.length, 1000)
    assert.equal(refused.length, shed)
  })

  it('wait half a second at most in an overload that lasts, and those that come then are served', () => {
    idleRatio = 0
    for (let i = 0; i < 8000; i++) {
      offer(1)
      pass(1)
    }
    assert.ok(admission.waiting <= 510, `${admission.waiting} wait`)
    assert.ok(shed > 6000, `${shed} shed`)
    idleRatio = 1
    pass(600)
    assert.equal(admission.waiting, 0)
    assert.equal(clock.pending(), 0)
  })

  it('beyond what may wait are refused, of one address and in all', () => {
    offer(1100)
    assert.ok(shed >= 70 && shed <= 76, `${shed} shed`)
    for (let i = 2; i < 6; i++) offer(1024, `10.0.0.${i}`)
    assert.equal(admission.isFull, true)
    assert.equal(admission.waiting, 4096)
  })

  it('that do not get on keep no more than their share of the places', () => {
    offer(200)
    pass(500, false)
    assert.equal(admission.handshakes, 64)
    const [other] = offer(1, '10.0.0.2')
    pass(2, false)
    assert.equal(other?.state, 'admitted')
  })

  it('that do not get on make way for others after two seconds', () => {
    for (let i = 0; i < 3; i++) offer(64, `10.0.1.${i}`)
    offer(63, '10.0.1.3')
    offer(1, '10.0.0.2')
    pass(300, false)
    assert.equal(admission.handshakes, 256)
    const [other] = offer(1, '10.0.0.2')
    pass(1500, false)
    assert.equal(other?.state, 'waiting')
    pass(300, false)
    assert.equal(other.state, 'admitted')
    assert.equal(refused[0], admitted[0])
    assert.equal(shed, 1)
  })

  it('that do not get on keep out nobody who has none under way', () => {
    const silent = Array.from({ length: 8 }, (_, i) => `10.0.1.${i}`)
    for (const address of silent) offer(100, address)
    pass(300, false)
    assert.equal(admitted.length, 256)
    const [first, second] = offer(2, '10.0.2.1')
    pass(10, false)
    assert.deepEqual([first?.state, second?.state], ['admitted', 'waiting'])
    if (first !== undefined) admission.leave(first)
    pass(10, false)
    assert.equal(second?.state, 'admitted')
    // Of addresses without end no more than a few get in so.
    for (let i = 0; i < 200; i++) offer(1, `10.0.3.${i}`)
    pass(300, false)
    assert.equal(admission.handshakes, 256 + 64)
  })

  it('are all over after closing', () => {
    offer(50)
    pass(10, false)
    admission.close()
    assert.deepEqual([refused.length, admission.waiting, admission.handshakes, clock.pending()], [50, 0, 0, 0])
    assert.equal(shed, 0)
  })
})
