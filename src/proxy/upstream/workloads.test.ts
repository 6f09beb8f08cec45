import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HboneClient } from '../hbone/client.ts'
import { Workloads } from './workloads.ts'

/** What of a connection is called here. */
type Looked = Pick<HboneClient, 'openTunnels' | 'tick' | 'retire'>

test('a connection with a bug keeps no other from its ticks, nor from its end when idle', () => {
  const faults: string[] = []
  const log: string[] = []
  const workloads = new Workloads(1000, (error) => void faults.push(String(error)))
  const connect = (name: string, isFaulty: boolean): void => {
    const call = (what: string): void => {
      if (isFaulty) throw new Error(`${name} ${what}`)
      log.push(`${name} ${what}`)
    }
    const client: Looked = { openTunnels: 0, tick: () => call('tick'), retire: () => call('retire') }
    workloads.of('pod').clients.push(client as HboneClient)
  }
  connect('a', true)
  connect('b', false)
  workloads.tick(1)
  assert.deepEqual([faults, log], [['Error: a tick'], ['b tick']])
  workloads.tick(2000)
  assert.deepEqual(faults.slice(1), ['Error: a tick', 'Error: a retire'])
  assert.deepEqual(log.slice(1), ['b tick', 'b retire'])
})

test('a connection without a tunnel is closed, whatever its neighbours carry', () => {
  const workloads = new Workloads(1000, (error) => assert.fail(String(error)))
  const retired: string[] = []
  const connect = (name: string, openTunnels: number): { openTunnels: number } => {
    const client = { openTunnels, tick: () => {}, retire: () => void retired.push(name) }
    workloads.of('pod').clients.push(client as Partial<HboneClient> as HboneClient)
    return client
  }
  connect('busy', 1)
  connect('idle', 0)
  const used = connect('used', 0)
  workloads.tick(1)
  workloads.tick(900)
  assert.deepEqual(retired, [])
  used.openTunnels = 1
  workloads.tick(1100)
  assert.deepEqual(retired, ['idle'])
  used.openTunnels = 0
  workloads.tick(1500)
  workloads.tick(2400)
  assert.equal(
    retired.some((name) => name === 'used'),
    false,
  )
  workloads.tick(2600)
  assert.deepEqual([...new Set(retired)], ['idle', 'used'])
})
