/** What only a process of its own shows: that it is still there while it waits. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { defineKinds } from '../support/kube/kinds.ts'
import { startKubeServer } from '../support/kube/kube-server.ts'

const main = path.join(import.meta.dirname, '../../src/main.ts')

test('waypoint apply --wait waits until its time is over, with nothing else to do', async () => {
  await using server = await startKubeServer()
  await defineKinds(server)
  const args = [
    'waypoint',
    'apply',
    '-n',
    'default',
    '--wait',
    '--waypoint-timeout',
    '1s',
    '--kubeconfig',
    server.kubeconfig,
  ]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [code, stderr] = await Promise.all([new Promise((resolve) => child.once('exit', resolve)), text(child.stderr)])
  assert.match(stderr, /timed out after 1s waiting for Gateway default\/waypoint/)
  assert.equal(code, 124)
})
