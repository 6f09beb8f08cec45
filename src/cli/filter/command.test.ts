import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createTerminal } from '../../../test/support/terminal.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const origin = 'ResponseCache shop/pages'
const done = { results: [0, 1].map((process) => ({ process, origin, result: { forgotten: 3 - process, left: 0 } })) }

describe('fairway filter command', () => {
  let admin: Server
  let answer: { readonly status: number; readonly body: unknown }
  let asked: string[]
  let port = 0

  before(async () => {
    admin = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.statusCode = answer.status
      response.end(JSON.stringify(answer.body))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => admin.once('listening', resolve))
    const address = admin.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  beforeEach(() => {
    answer = { status: 200, body: done }
    asked = []
  })
  after(() => new Promise((resolve) => admin.close(resolve)))

  const command = async (...args: readonly string[]) => {
    const terminal = createTerminal()
    const all = ['filter', 'command', '--admin', `127.0.0.1:${port}`, ...args]
    const code = await runProgram({ version: '0', verbs }, all, terminal)
    return { code, out: terminal.stdout(), err: terminal.stderr() }
  }

  it('asks all of a kind, and shows what each process said', async () => {
    const { code, out } = await command('ResponseCache', 'purge', 'path=/a?b=c d', 'host=shop.example')
    assert.deepEqual(asked, [
      'POST /filters/command?kind=ResponseCache&command=purge&path=%2Fa%3Fb%3Dc+d&host=shop.example',
    ])
    assert.equal(code, 0)
    assert.deepEqual(
      out.split('\n').map((line) => line.split(/ {2,}/)),
      [
        ['ORIGIN', 'PROCESS', 'RESULT'],
        [origin, '0', 'forgotten 3, left 0'],
        [origin, '1', 'forgotten 2, left 0'],
        [''],
      ],
    )
  })

  it('asks one of them, and gives programs a document', async () => {
    const { code, out } = await command('ResponseCache', 'purge', 'all=true', '--origin', origin, '-o', 'json')
    assert.deepEqual(asked, [
      'POST /filters/command?kind=ResponseCache&command=purge&origin=ResponseCache+shop%2Fpages&all=true',
    ])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(out), {
      apiVersion: 'cli.fairway.dev/v1alpha1',
      kind: 'FilterCommandResult',
      ...done,
    })
  })

  it('shows what a filter refuses, which is a failure', async () => {
    const failure = 'a: purge takes path,\u001b[31m prefix and host, or all=true'
    answer = { status: 400, body: { results: [{ process: 0, origin, failure }] } }
    const { code, out } = await command('ResponseCache', 'purge', 'a=b')
    assert.equal(code, 1)
    assert.match(out, /refused: a: purge takes path/)
    assert.ok(!out.includes('\u001b'))
  })

  it('says so when none of that kind takes commands', async () => {
    answer = { status: 404, body: { error: 'no filter of kind Cors is in force that takes commands' } }
    const { code, out, err } = await command('Cors', 'purge')
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /no filter of kind Cors is in force/)
  })

  it('takes only an answer of a waypoint for one', async () => {
    for (const other of [
      { status: 404, body: { message: 'not found' } },
      { status: 200, body: { results: [{ origin: 1 }] } },
      { status: 500, body: done },
    ]) {
      answer = other
      const { code, err } = await command('ResponseCache', 'purge')
      assert.equal(code, 1)
      assert.match(err, new RegExp(`answered ${other.status}`))
    }
  })

  for (const [args, message] of [
    [[], /KIND and COMMAND are needed/],
    [['ResponseCache'], /KIND and COMMAND are needed/],
    [['ResponseCache', 'purge', '/a'], /"\/a" is not NAME=VALUE/],
    [['ResponseCache', 'purge', '=a'], /"=a" is not NAME=VALUE/],
    [['ResponseCache', 'purge', 'path=/a', 'path=/b'], /path is given twice/],
    [['ResponseCache', 'purge', 'origin=x'], /--origin/],
    [['ResponseCache', 'purge', 'kind=x'], /kind=… is no parameter/],
  ] as const)
    it(`does not ask for what was not said: ${args.join(' ')}`, async () => {
      const { code, err } = await command(...args)
      assert.deepEqual([code, asked], [64, []])
      assert.match(err, message)
    })
})
