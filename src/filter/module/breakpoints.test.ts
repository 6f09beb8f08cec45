import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { evaluateModule } from './evaluate-module.ts'

/** As `--inspect` shows it to an editor, which knows the file by its URL. */
it('a breakpoint at a line of the file is hit at that line', async () => {
  const body = 'return { onRequest: () => {} }'
  const files = {
    'stamp.ts': `"use strict";\nexports.default = { kind: 'Stamp', stage: 'shape', config: require('fairway/filter').schema.anything(),\n  create: () => {\n    ${body}\n  } }`,
  }
  const session = new Session()
  session.connect()
  try {
    await session.post('Debugger.enable')
    const url = pathToFileURL('/filters/stamp.ts').href
    await session.post('Debugger.setBreakpointByUrl', { lineNumber: 3, url })
    const hit: number[] = []
    session.on('Debugger.paused', ({ params }) => {
      const [frame] = params.callFrames
      if (frame !== undefined) hit.push(frame.location.lineNumber)
    })
    const evaluated = evaluateModule({ root: '/filters', entry: 'stamp.ts', files })
    assert.ok(evaluated.ok)
    // Nobody is waited for who debugs himself.
    evaluated.definition.create({}, {} as never)
    assert.deepEqual(hit, [3])
  } finally {
    session.disconnect()
  }
})
