import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillTemplate } from './template.ts'

test('names are filled wherever they stand, nginx variables stay', () => {
  assert.equal(fillTemplate('listen ${port}; x ${a}${port} $host', { port: '80', a: '$1' }), 'listen 80; x $180 $host')
})

test('a name without a value is refused', () => assert.throws(() => fillTemplate('${gone}', {}), /gone/))
