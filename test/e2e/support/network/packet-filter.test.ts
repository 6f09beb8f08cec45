import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProgram, type Drop } from './packet-filter.ts'

interface Packet {
  readonly protocol: number
  readonly source: number
  readonly destination: number
  readonly random: number
}

/** What the kernel would make of it, for the few instructions there are. */
const run = (program: string, packet: Packet): number => {
  const [count, ...texts] = program.split(',')
  const instructions = texts.map((text) => text.split(' ').map(Number))
  assert.equal(instructions.length, Number(count))
  const facts = new Map([
    [0xffff_f000, packet.protocol],
    [0xffff_f038, packet.random],
    [0xfff0_000c, packet.source],
    [0xfff0_0010, packet.destination],
  ])
  let value = 0
  for (let at = 0; ; at++) {
    const [code = 0, ifTrue = 0, ifFalse = 0, operand = 0] = instructions[at] ?? assert.fail(`no instruction ${at}`)
    if (code === 0x06) return operand
    if (code === 0x20 || code === 0x28) value = facts.get(operand) ?? assert.fail(`loads ${operand}`)
    else at += (code === 0x15 ? value === operand : value > operand) ? ifTrue : ifFalse
  }
}

const packet: Packet = { protocol: 0x0800, source: 0x0a00_0001, destination: 0x0a00_0002, random: 0 }
const [PASS, SHOT] = [0, 2]
const to = (...addresses: readonly string[]): Drop => ({ kind: 'addresses', end: 'destination', addresses })

test('what is dropped is dropped, and everything else passes', () => {
  const cases: readonly (readonly [Drop, Partial<Packet>, number])[] = [
    [{ kind: 'all' }, {}, SHOT],
    [{ kind: 'all' }, { protocol: 0x0806 }, PASS],
    [to('10.0.0.2'), {}, SHOT],
    [to('10.0.0.1'), {}, PASS],
    [to('10.0.0.9', '10.0.0.2', '10.0.0.7'), {}, SHOT],
    [to('10.0.0.9', '10.0.0.8', '10.0.0.2'), {}, SHOT],
    [to('10.0.0.9', '10.0.0.8', '10.0.0.7'), {}, PASS],
    [{ kind: 'addresses', end: 'source', addresses: ['10.0.0.1'] }, {}, SHOT],
    [{ kind: 'share', percent: 5 }, { random: 214_748_363 }, SHOT],
    [{ kind: 'share', percent: 5 }, { random: 214_748_365 }, PASS],
    [{ kind: 'share', percent: 100 }, { random: 0xffff_ffff }, SHOT],
    [{ kind: 'share', percent: 5 }, { protocol: 0x86dd }, PASS],
  ]
  for (const [drop, what, verdict] of cases) {
    assert.equal(run(formatProgram(drop), { ...packet, ...what }), verdict, JSON.stringify([drop, what]))
  }
})

test('a share that is none is refused', () => {
  assert.throws(() => formatProgram({ kind: 'share', percent: 0 }), RangeError)
})
